import { EmbeddedPostgres } from '../../src/platform/embedded-postgres';

/** Runs one embedded Postgres until it is killed, and says where: DATA_DIR, or a throw-away one when that is empty. */
async function main(): Promise<void> {
  const dataDir = process.env.DATA_DIR ?? '';
  const postgres = await EmbeddedPostgres.start({
    dataDir,
    ephemeral: dataDir === '',
    sharedBuffers: '16MB',
    log: (line) => console.log(line),
  });
  console.log(`running ${postgres.pid} ${postgres.url()} in ${postgres.dir}`);
  process.on('SIGTERM', () => void postgres.stop().then(() => process.exit(0)));
}

void main();
