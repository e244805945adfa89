import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG, type Config } from './config';
import { CONNECTION, Database, settleConnection } from './transaction';

/** TypeORM serves plain rows of administration; a few connections are plenty, since the write path has its own. */
const ORM_POOL_SIZE = 4;

/** Postgres for everybody: `Database` for SQL, and TypeORM's repositories for tables with an entity. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [CONFIG],
      useFactory: (config: Config) => ({
        type: 'postgres' as const,
        url: config.databaseUrl ?? undefined,
        applicationName: 'tallyhouse-orm',
        poolSize: ORM_POOL_SIZE,
        extra: { ...CONNECTION, onConnect: settleConnection },
        autoLoadEntities: true,
        synchronize: false,
        retryAttempts: 0,
        poolErrorHandler: () => undefined,
      }),
    }),
  ],
  providers: [Database],
  exports: [Database],
})
export class DatabaseModule {}
