import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Client, Pool, types, type ClientBase, type ClientConfig, type PoolClient } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { currentCall, type CallLife } from './call-life';
import { CONFIG, type Config } from './config';
import { isRetryable, toDomainError } from './database-errors';
import { isSpoilt, StoppableSql } from './stoppable-sql';

/** One statement: SQL text, or a name with a text for a statement Postgres plans once per connection. */
export type Statement = string | { readonly name: string; readonly text: string };

/** What a repository needs: the pool (each query its own transaction) and an open transaction look the same. */
export interface Sql {
  query<R>(statement: Statement, values?: unknown[]): Promise<R[]>;
}

export interface TransactionOptions {
  /** `repeatable read` when several reads must agree with each other; everything else works on `read committed`. */
  readonly isolation?: 'read committed' | 'repeatable read';
  /** A statement waiting longer for a row fails with 55P03; without it, it waits for as long as it takes. */
  readonly lockTimeoutMs?: number;
  /** What it writes can be derived again: a crash may take the whole of it back, so its commit need not wait for the disk. */
  readonly derived?: boolean;
}

export interface ConnectOptions {
  readonly applicationName?: string;
  /** A statement waiting longer for a row fails with 55P03. */
  readonly lockTimeoutMs?: number;
  /** A statement running longer fails with 57014. */
  readonly statementTimeoutMs?: number;
}

const ATTEMPTS = 5;
const CONNECT_TIMEOUT_MS = 5_000;
/** How long work may wait for a connection of the pool: a caller must hear soon that it is exhausted. */
const POOL_PATIENCE_MS = 1_000;
const OID = {
  int8Array: 1016,
  date: 1082,
  timestamp: 1114,
  timestampArray: 1115,
  dateArray: 1182,
  numericArray: 1231,
  text: 25,
  textArray: 1009,
};
/** Shown as text, because the driver would make a double (numeric[]) or an instant of the machine's time zone (date) of them. */
const AS_TEXT = new Set([OID.date, OID.timestamp]);
const AS_TEXT_ARRAY = new Set([OID.int8Array, OID.numericArray, OID.dateArray, OID.timestampArray]);

/**
 * Runs once on every new connection: UTC, and the role that can append facts but not change them, where the installation
 * has it and this login may take it. Settings go through set_config so that one round trip does both.
 */
const SETTLE_CONNECTION = `
  select set_config('TimeZone', 'UTC', false),
         (select set_config('role', rolname, false) from pg_roles
           where rolname = 'tallyhouse_app'
             and pg_has_role(current_user, oid,
                   case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end))`;

/** What every connection to Postgres has in common. */
export const CONNECTION = {
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  keepAlive: true,
  types: { getTypeParser },
} satisfies ClientConfig;

/** The one way to Postgres: a pool for short work, transactions that retry, dedicated connections for lanes and copies. */
@Injectable()
export class Database implements Sql, OnApplicationShutdown {
  readonly #pool: Pool;
  readonly #options: ClientConfig;

  constructor(@Inject(CONFIG) config: Pick<Config, 'databaseUrl' | 'databasePoolSize'>) {
    if (!config.databaseUrl) throw new Error('the database was asked for before its address was known');
    this.#options = { connectionString: config.databaseUrl, application_name: 'tallyhouse', ...CONNECTION };
    this.#pool = new Pool({
      ...this.#options,
      connectionTimeoutMillis: POOL_PATIENCE_MS,
      max: config.databasePoolSize,
      onConnect: settleConnection,
    });
    // An idle connection that Postgres closed is replaced on the next use; without a listener it would end this process.
    this.#pool.on('error', () => undefined);
  }

  /**
   * One statement in its own transaction. Throws `unavailable` when no connection is to be had in a second, and `cancelled` or
   * `deadline-exceeded` when the call it is for is over.
   */
  async query<R>(statement: Statement, values?: unknown[]): Promise<R[]> {
    const call = currentCall();
    try {
      if (call !== undefined) return await this.#queryFor(call, { statement, values });
      return (await this.#pool.query(queryOf(statement, values))).rows as R[];
    } catch (error) {
      throw toDomainError(error);
    }
  }

  /**
   * Runs `work` in one transaction and commits. Deadlocks and serialisation failures run the whole of it again, at most five
   * times, so `work` must have no effect outside of `tx`. Throws `unavailable` when Postgres is lost; a COMMIT that was
   * under way may then have happened (keyed ids make a repeat harmless). Throws `cancelled` or `deadline-exceeded`, rolled
   * back, when the call it is for is over before the COMMIT.
   */
  async transaction<R>(work: (tx: Sql) => Promise<R>, options: TransactionOptions = {}): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(work, options);
      } catch (error) {
        if (!isRetryable(error) || attempt === ATTEMPTS) throw toDomainError(error);
      }
      await sleep(Math.random() * 10 * 2 ** attempt);
    }
  }

  /** A connection of one's own, outside of the pool; whoever takes it ends it. Its errors are the driver's own. */
  async connect(options: ConnectOptions = {}): Promise<Client> {
    const client = new Client({
      ...this.#options,
      application_name: options.applicationName ?? 'tallyhouse',
      lock_timeout: options.lockTimeoutMs,
      statement_timeout: options.statementTimeoutMs ?? false,
    });
    // A lost connection also fails the statement that runs on it; this listener only keeps the process alive.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await settleConnection(client);
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw toDomainError(error);
    }
  }

  /** How busy the pool is, for metrics. */
  load(): { total: number; idle: number; waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { total: totalCount, idle: idleCount, waiting: waitingCount };
  }

  /** Waits for what is running and closes the pool; may be called twice. */
  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  async #once<R>(work: (tx: Sql) => Promise<R>, options: TransactionOptions): Promise<R> {
    const call = currentCall();
    call?.throwIfOver();
    const client = await this.#pool.connect();
    const ignore = (): void => undefined;
    client.on('error', ignore);
    const sql = sqlFor(call, client);
    let broken: Error | undefined;
    try {
      call?.throwIfOver();
      await client.query(begin(options));
      const result = await work(sql);
      call?.throwIfOver();
      await commit(client);
      return result;
    } catch (error) {
      broken = await rollback(client);
      throw error;
    } finally {
      client.off('error', ignore);
      client.release(broken ?? isSpoilt(sql));
    }
  }

  async #queryFor<R>(
    call: CallLife,
    { statement, values }: { statement: Statement; values: unknown[] | undefined },
  ): Promise<R[]> {
    call.throwIfOver();
    const client = await this.#pool.connect();
    const ignore = (): void => undefined;
    client.on('error', ignore);
    const sql = sqlFor(call, client);
    try {
      return await sql.query<R>(statement, values);
    } finally {
      client.off('error', ignore);
      client.release(isSpoilt(sql));
    }
  }
}

/** The connection as the work sees it, which stops with its call if it is for one. */
function sqlFor(call: CallLife | undefined, client: PoolClient): Sql {
  return call === undefined ? sqlOn(client) : new StoppableSql(sqlOn(client), call, client);
}

/** One message to Postgres, whatever is asked for. */
function begin({ isolation = 'read committed', lockTimeoutMs, derived }: TransactionOptions): string {
  const limit = lockTimeoutMs === undefined ? '' : `; set local lock_timeout = ${lockTimeoutMs}`;
  return `begin isolation level ${isolation}${limit}${derived ? '; set local synchronous_commit = off' : ''}`;
}

/** Postgres answers ROLLBACK to the commit of a transaction whose failed statement was swallowed: that is a failure, not a yes. */
async function commit(client: PoolClient): Promise<void> {
  const { command } = await client.query('commit');
  if (command !== 'COMMIT')
    throw new Error('the transaction was rolled back because one of its statements had failed');
}

/** Rolls back; an error says that the connection is of no further use, which is also what ends its transaction. */
async function rollback(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error('rollback failed');
  }
}

/** Prepares a new connection; every pool of ours names it as its `onConnect`. */
export async function settleConnection(client: ClientBase): Promise<void> {
  await client.query(SETTLE_CONNECTION);
}

/** A connection of one's own as the repositories see it. */
export function sqlOn(client: ClientBase): Sql {
  return {
    query: async <R>(statement: Statement, values?: unknown[]) =>
      (await client.query(queryOf(statement, values))).rows as R[],
  };
}

function queryOf(statement: Statement, values: unknown[] | undefined) {
  return typeof statement === 'string' ? { text: statement, values } : { ...statement, values };
}

type TypeParser = (value: string) => unknown;

function getTypeParser(oid: number, format?: 'text' | 'binary'): TypeParser {
  if (AS_TEXT.has(oid)) return types.getTypeParser(OID.text, format) as TypeParser;
  if (AS_TEXT_ARRAY.has(oid)) return types.getTypeParser(OID.textArray, format) as TypeParser;
  return types.getTypeParser(oid, format) as TypeParser;
}
