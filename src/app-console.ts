import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from './app';
import { DATABASE_PATIENCE_MS, refusal } from './app-boot';
import type { Config } from './platform/config';
import { checkDatabase } from './platform/database-check';
import { EmbeddedPostgres } from './platform/embedded-postgres';
import { runningPostgres } from './platform/embedded-postgres-running';
import { runMigrations } from './platform/migrate';
import { completeSecrets } from './platform/secrets';
import { Seeds } from './platform/seeds';

/**
 * Runs one piece of work inside of the service, doors closed and jobs off: on DATABASE_URL, else on the embedded Postgres
 * of DATA_DIR, which may be in use by a running service at the same time. Whatever was started is stopped again.
 */
export async function withClosedApp<R>(
  settings: Config,
  work: (app: NestFastifyApplication) => Promise<R>,
): Promise<R> {
  if (settings.databaseUrl) return onDatabase(settings, work);
  const { config } = completeSecrets(settings, false);
  const running = await runningPostgres(config.dataDir);
  if (running) return onDatabase({ ...config, databaseUrl: running }, work);
  const postgres = await EmbeddedPostgres.start({
    dataDir: config.dataDir,
    sharedBuffers: `${Math.floor(config.embeddedSharedBuffers / 1024)}kB`,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  try {
    return await onDatabase({ ...config, databaseUrl: postgres.url() }, work);
  } finally {
    await postgres.stop();
  }
}

async function onDatabase<R>(config: Config, work: (app: NestFastifyApplication) => Promise<R>): Promise<R> {
  const found = await checkDatabase(config.databaseUrl!, DATABASE_PATIENCE_MS);
  if (found.problems.length > 0 && !config.allowUnsafeDatabase) throw new Error(refusal(found));
  await runMigrations(config.databaseUrl!);
  // What the work prints is its own; lines of a log would only get between.
  const app = await createApp({ ...config, role: 'api', logLevel: 'silent' });
  try {
    await app.init();
    await app.get(Seeds).run();
    return await work(app);
  } finally {
    await app.close();
  }
}
