import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { errorCodeOf } from './database-errors';
import { locateBinaries } from './embedded-postgres-binaries';
import { clusterSettings, createCluster, LOGIN } from './embedded-postgres-cluster';
import { preparePostgresHome, type PostgresHome } from './embedded-postgres-home';
import { PostgresProcess, readLock } from './embedded-postgres-process';
import { generatedSecret } from './secrets';

export interface EmbeddedPostgresOptions {
  /** DATA_DIR: the cluster lives in its folder `postgres`, the password in its `secrets.json`. */
  readonly dataDir: string;
  /** A cluster in a temporary folder that is removed at stop, and also when this process dies. */
  readonly ephemeral?: boolean;
  /** Size text of Postgres, such as 512MB. */
  readonly sharedBuffers?: string;
  /** 100 unless told; tests share one server and need more. */
  readonly maxConnections?: number;
  /** Where sentences for the operator go. */
  readonly log?: (line: string) => void;
  /** Called when the server died and could not be brought back. */
  readonly onLost?: (reason: Error) => void;
}

/** Below the range from which the system takes the local ports of outgoing connections (32768 and up). */
const FIRST_PORT = 25432;
const LAST_PORT = 25532;
/** A server that still takes connections is not about to go: somebody else is running it. */
const HOLDER_PATIENCE_MS = 3_000;
/** A killed server needs a moment until the system has reaped its processes; a big recovery needs more. */
const LOCK_PATIENCE_MS = 30_000;
const READY_PATIENCE_MS = 300_000;
const STOP_PATIENCE_MS = 60_000;
/** What a server says that cannot start yet because the one before has not quite gone. */
const STILL_LOCKED = /lock file "postmaster\.pid" already exists|pre-existing shared memory block/;
/** What may pass without a restart of ours: no room, or a device that fails. */
const DISK_TROUBLE = /No space left on device|Input\/output error/;
const RETRY_MS = 1_000;
/** Starts in a row that may fail before it is given up. */
const REVIVALS = 10;
const PORT_TAKEN = /could not bind|could not create any TCP\/IP sockets/;

/** The real Postgres out of the npm package, supervised: started, watched, brought back after a crash, stopped with us. */
export class EmbeddedPostgres {
  #server: PostgresProcess | undefined;
  #stopping = false;
  #revival: Promise<void> | undefined;

  private constructor(
    private readonly options: EmbeddedPostgresOptions,
    private readonly home: PostgresHome,
    private readonly password: string,
    readonly port: number,
  ) {}

  /** Makes the cluster when there is none, starts it and waits until it answers. Throws a sentence for the operator. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const home = preparePostgresHome(options.dataDir, locateBinaries(), options.ephemeral ?? false);
    home.notes.forEach((note) => options.log?.(note));
    const password = options.ephemeral
      ? randomBytes(24).toString('base64url')
      : generatedSecret(options.dataDir, 'postgresPassword').value;
    try {
      if (!existsSync(join(home.dir, 'data'))) createCluster(home, password);
      for (let port = await freePort(FIRST_PORT); ; port = await freePort(port + 1)) {
        const postgres = new EmbeddedPostgres(options, home, password, port);
        if (!(await postgres.#launch())) continue;
        await postgres.#createDatabaseOnce();
        return postgres;
      }
    } catch (error) {
      if (options.ephemeral) rmSync(home.dir, { recursive: true, force: true });
      throw error;
    }
  }

  /** The address for clients; the password is part of it, so it is not for logs. */
  url(database: string = LOGIN): string {
    return postgresUrl(this.password, this.port, database);
  }

  /** The folder it lives in. */
  get dir(): string {
    return this.home.dir;
  }

  /** The process id of the running server, or undefined. */
  get pid(): number | undefined {
    return this.#server?.alive ? this.#server.pid : undefined;
  }

  /** Stops cleanly (rolls back what is open, writes a checkpoint); an ephemeral cluster is removed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#revival;
    await this.#server?.stop(STOP_PATIENCE_MS);
    if (this.options.ephemeral) rmSync(this.home.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Starts the server; false when somebody took the port in the meantime. Waits for the remains of a crashed one to go. */
  async #launch(): Promise<boolean> {
    const started = Date.now();
    for (;;) {
      const server = this.#spawn();
      if (await this.#ready(server)) return this.#watch(server);
      const log = server.logText();
      if (PORT_TAKEN.test(log) && !this.#server) return false;
      if (!STILL_LOCKED.test(log) && !PORT_TAKEN.test(log))
        throw new Error(`Postgres did not start:\n${log.slice(-2000)}`);
      const patience = (await this.#holderAnswers()) ? HOLDER_PATIENCE_MS : LOCK_PATIENCE_MS;
      if (Date.now() - started > patience || this.#stopping) throw new Error(this.#whoHoldsIt());
      await sleep(200);
    }
  }

  #spawn(): PostgresProcess {
    return new PostgresProcess({
      program: this.home.binaries.postgres,
      args: ['-D', join(this.home.dir, 'data'), ...clusterSettings(this.home, this.port, this.options)],
      home: this.home.dir,
      user: this.home.user,
      ephemeral: this.options.ephemeral ?? false,
    });
  }

  /** Waits until the server takes connections (recovery after a crash included), or has gone. */
  async #ready(server: PostgresProcess): Promise<boolean> {
    const deadline = Date.now() + READY_PATIENCE_MS;
    while (server.alive) {
      // Asked only once it says so itself: before that, the port may be somebody else's.
      if (server.saysReady && (await answers(this.url('postgres')))) return true;
      if (Date.now() > deadline) throw new Error('Postgres is running but has not answered for five minutes');
      await Promise.race([sleep(20), server.gone]);
    }
    return false;
  }

  #watch(server: PostgresProcess): true {
    this.#server = server;
    void server.gone.then(() => {
      if (!this.#stopping) this.#revival = this.#revive();
    });
    return true;
  }

  /**
   * Starts it again, as often as only the disk stands in the way, and some times more for any other reason: it may be
   * killed once more while it recovers.
   */
  async #revive(): Promise<void> {
    this.options.log?.('The embedded Postgres has died; starting it again');
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#launch();
        return;
      } catch (error) {
        const reason = error instanceof Error ? error : new Error(String(error));
        if (this.#stopping || (attempt >= REVIVALS && !DISK_TROUBLE.test(reason.message))) {
          this.options.onLost?.(reason);
          return;
        }
        this.options.log?.('The embedded Postgres could not be started; trying again');
      }
      await sleep(RETRY_MS);
    }
  }

  async #createDatabaseOnce(): Promise<void> {
    await withClient(this.url('postgres'), async (client) => {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [LOGIN]);
      if (rowCount === 0) await client.query(`create database ${LOGIN}`);
    });
  }

  /** Whether the one that holds the data is alive and well, so that waiting for its end is in vain. */
  async #holderAnswers(): Promise<boolean> {
    const holder = readLock(this.home.dir);
    if (holder?.status !== 'ready') return false;
    return answers(postgresUrl(this.password, holder.port, 'postgres')).catch(() => false);
  }

  #whoHoldsIt(): string {
    const holder = readLock(this.home.dir);
    return `The data in ${this.home.dir} is in use by Postgres process ${holder?.pid ?? '?'} on port ${holder?.port ?? '?'}: is another Tallyhouse running with this DATA_DIR?`;
  }
}

function postgresUrl(password: string, port: number, database: string): string {
  return `postgres://${LOGIN}:${password}@127.0.0.1:${port}/${database}`;
}

/** Whether the server answers a query; a refused password is final and says so. */
async function answers(url: string): Promise<boolean> {
  try {
    await withClient(url, (client) => client.query('select 1'));
    return true;
  } catch (error) {
    if (errorCodeOf(error) !== '28P01') return false;
    throw new Error(
      'Postgres refuses the password in DATA_DIR/secrets.json: this data was made with another one',
    );
  }
}

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The first port from `from` on that nobody listens on. */
async function freePort(from: number): Promise<number> {
  for (let port = from; port <= LAST_PORT; port++) {
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port between ${FIRST_PORT} and ${LAST_PORT} for the embedded Postgres`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
