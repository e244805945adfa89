import 'reflect-metadata';
import { migrationDataSource } from './src/platform/migrate';

/** For the TypeORM command line: `typeorm migration:show -d dist/ormconfig.js`, with DATABASE_URL set. */
export default migrationDataSource(process.env.DATABASE_URL);
