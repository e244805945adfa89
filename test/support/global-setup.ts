import 'reflect-metadata';
import { EmbeddedPostgres } from '../../src/platform/embedded-postgres';
import { runMigrations } from '../../src/platform/migrate';
import { TEMPLATE_URL_VARIABLE } from './postgres';

declare global {
  /** The server of this run, between setup and teardown. */
  var testPostgres: EmbeddedPostgres | undefined;
}

/** One throw-away Postgres for the whole run, holding one migrated database that test files clone. */
export default async function globalSetup(): Promise<void> {
  const postgres = await EmbeddedPostgres.start({
    dataDir: 'unused',
    ephemeral: true,
    sharedBuffers: '128MB',
    maxConnections: 300,
  });
  globalThis.testPostgres = postgres;
  const url = postgres.url('tallyhouse');
  await runMigrations(url);
  process.env[TEMPLATE_URL_VARIABLE] = url;
}
