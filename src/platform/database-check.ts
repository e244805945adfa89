import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { isUnavailable } from './database-errors';
import { CONNECTION, settleConnection } from './transaction';

/** What the service may rely on in the Postgres it was given. */
export interface DatabaseState {
  /** Such as 18.4. */
  readonly version: string;
  /** Why this Postgres must not be used, a sentence each; empty when it may. */
  readonly problems: readonly string[];
  /** Whether facts are guarded by privilege, not by triggers alone. */
  readonly guardedByRole: boolean;
}

const OLDEST_VERSION = 140_000;
/** With any of these off, Postgres says yes to a commit it can forget in a crash: our own yes would be a lie. */
const DURABILITY = ['fsync', 'synchronous_commit', 'full_page_writes'] as const;

/**
 * Waits until Postgres answers, then looks at what acknowledged usage depends on. Throws when it does not answer within
 * the patience, or at once when it answers no (a wrong password or database).
 */
export async function checkDatabase(url: string, patienceMs: number): Promise<DatabaseState> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await inspect(url);
    } catch (error) {
      if (!isUnavailable(error) || performance.now() > deadline)
        throw new Error(`The database cannot be used: ${reason(error)}`);
    }
    await sleep(500);
  }
}

async function inspect(url: string): Promise<DatabaseState> {
  const client = new Client({ ...CONNECTION, connectionString: url, application_name: 'tallyhouse-check' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await settleConnection(client);
    const { rows } = await client.query<Record<string, string>>(
      `select current_setting('server_version_num') as number, current_setting('server_version') as version,
              current_user as role, ${DURABILITY.map((name) => `current_setting('${name}') as ${name}`).join(', ')}`,
    );
    return judge(rows[0]!);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function judge(row: Record<string, string>): DatabaseState {
  const problems = DURABILITY.filter((name) => row[name] === 'off').map(
    (name) => `${name} is off, so Postgres may forget what it acknowledged`,
  );
  if (Number(row.number) < OLDEST_VERSION)
    problems.push(`Postgres ${row.version} is too old, 14 is the oldest`);
  return { version: row.version!.split(' ')[0]!, problems, guardedByRole: row.role === 'tallyhouse_app' };
}

function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ');
  return error instanceof Error ? error.message : String(error);
}
