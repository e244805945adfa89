import { Client } from 'pg';
import { locateBinaries } from './embedded-postgres-binaries';
import { LOGIN } from './embedded-postgres-cluster';
import { preparePostgresHome } from './embedded-postgres-home';
import { readLock } from './embedded-postgres-process';
import { generatedSecret } from './secrets';

/**
 * The address of the embedded Postgres of a data folder when some process is running it right now, so that a second one
 * can work beside it; undefined when nobody is. A server that is just starting or stopping counts as nobody's.
 */
export async function runningPostgres(dataDir: string): Promise<string | undefined> {
  const { dir } = preparePostgresHome(dataDir, locateBinaries(), false);
  const lock = readLock(dir);
  if (!lock) return undefined;
  const password = generatedSecret(dataDir, 'postgresPassword').value;
  const url = `postgres://${LOGIN}:${password}@127.0.0.1:${lock.port}/${LOGIN}`;
  return (await answers(url)) ? url : undefined;
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
