import { EmbeddedPostgres } from '../../src/platform/embedded-postgres';

/** One supervised, throw-away Postgres for a proof: it is brought back whenever somebody kills it. */
async function main(): Promise<void> {
  const postgres = await EmbeddedPostgres.start({
    dataDir: process.env.DATA_DIR ?? '',
    ephemeral: !process.env.DATA_DIR,
    sharedBuffers: process.env.SHARED_BUFFERS ?? '128MB',
    maxConnections: 200,
    log: (line) => console.log(line),
    onLost: (reason) => {
      console.error(reason.message);
      process.exit(1);
    },
  });
  console.log(`running ${postgres.url()} in ${postgres.dir}`);
  process.on('SIGTERM', () => void postgres.stop().then(() => process.exit(0)));
}

void main();
