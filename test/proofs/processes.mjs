import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const REGISTER = join(ROOT, 'test', 'support', 'register.cjs');
const LEASH = join(ROOT, 'test', 'proofs', 'leash.cjs');
const OUTPUT_KEPT = 20_000;

export const ADMIN_KEY = 'Xr5-admin-key-of-a-proof-0123456789abcd';
const PEPPER = 'Hd8-pepper-of-a-proof-0123456789abcdefgh';

/** A child whose output is kept and whose unexpected end is remembered. */
class Child {
  #output = '';
  #expected = false;

  constructor(args, env) {
    this.child = spawn(process.execPath, ['-r', LEASH, ...args], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdin.on('error', () => undefined);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (chunk) => (this.#output = (this.#output + chunk).slice(-OUTPUT_KEPT)));
    }
    this.ended = new Promise((done) => this.child.once('close', (code, signal) => done(signal ?? code)));
    /** Why it ended although nobody asked it to; null while all is well. */
    this.crash = null;
    void this.ended.then((how) => {
      if (!this.#expected) this.crash = `ended with ${how}:\n${this.#output.slice(-4_000)}`;
    });
  }

  get output() {
    return this.#output;
  }

  get pid() {
    return this.child.pid;
  }

  /** Waits for a line; throws when the child ends without it. */
  async says(pattern) {
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      const ended = await Promise.race([this.ended.then(() => true), sleep(10)]);
      if (ended && !pattern.test(this.#output))
        throw new Error(`ended without a word of it:\n${this.#output}`);
    }
  }

  async end(signal) {
    this.#expected = true;
    this.child.kill(signal);
    await this.ended;
  }
}

/**
 * One process of the service that can be killed and started again on the same ports. `isSource` runs the TypeScript, so
 * that no build is needed; otherwise what `npm run build` made is run.
 */
export class ServiceProcess {
  #options;
  #child = null;
  #isWanted = false;
  #isOpen = false;
  /** Ends of an open process that nobody asked for. */
  crashes = [];
  /** Times it was started and opened its doors, and times it could not because its Postgres was away. */
  starts = 0;
  failedStarts = 0;

  constructor(options) {
    this.#options = options;
  }

  get rest() {
    return { host: '127.0.0.1', port: this.#options.restPort };
  }

  get grpc() {
    return `127.0.0.1:${this.#options.grpcPort}`;
  }

  get pid() {
    return this.#child?.pid;
  }

  get output() {
    return this.#child?.output ?? '';
  }

  /** Whether its doors are open and nobody has killed it. */
  get isOpen() {
    return this.#isWanted && this.#isOpen;
  }

  /** Starts it, again and again as a supervisor would, until its doors are open or somebody kills it. */
  async start() {
    this.#isWanted = true;
    for (let attempt = 0; this.#isWanted; attempt++) {
      if (await this.#startOnce()) return;
      if (!this.#isWanted) return;
      this.failedStarts += 1;
      if (attempt === 20) throw new Error(`the service does not start:\n${this.output}`);
      await sleep(250);
    }
  }

  async #startOnce() {
    const { isSource, databaseUrl, restPort, grpcPort, env } = this.#options;
    const args = isSource ? ['-r', REGISTER, 'src/main.ts'] : ['--enable-source-maps', 'dist/src/main.js'];
    const child = new Child(args, {
      DATABASE_URL: databaseUrl,
      API_PORT: String(restPort),
      GRPC_PORT: String(grpcPort),
      ADMIN_API_KEY: ADMIN_KEY,
      API_KEY_PEPPER: PEPPER,
      RATE_LIMIT_REQUESTS: '10000000',
      LOG_LEVEL: 'error',
      ...env,
    });
    this.#child = child;
    this.#isOpen = false;
    try {
      await child.says(/Tallyhouse is open/);
    } catch {
      return false;
    }
    this.#isOpen = true;
    this.starts += 1;
    void child.ended.then(() => child.crash && this.crashes.push(child.crash));
    return true;
  }

  async kill() {
    this.#isWanted = false;
    await this.#child?.end('SIGKILL');
  }

  async stop() {
    this.#isWanted = false;
    await this.#child?.end('SIGTERM');
  }

  /** Memory it holds now, in MiB. */
  residentMiB() {
    const kiB = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    return Math.round(Number(kiB) / 1024);
  }
}

/** A supervised Postgres of its own in a child process, brought back by the service's own supervisor when killed. */
export class PostgresServer {
  #child;
  #dir;

  static async start(env = {}) {
    const server = new PostgresServer();
    server.#child = new Child(['-r', REGISTER, 'test/proofs/postgres-server.ts'], env);
    const [, url, dir] = await server.#child.says(/running (\S+) in (\S+)/);
    server.url = url;
    server.#dir = dir;
    return server;
  }

  get crash() {
    return this.#child.crash;
  }

  /** `kill -9` of the server and every process it has; answers how many that were. */
  kill() {
    const postmaster = this.#postmaster();
    if (postmaster === undefined) return 0;
    const pids = [postmaster, ...childrenOf(postmaster)];
    for (const pid of pids) killHard(pid);
    return pids.length;
  }

  /** Milliseconds until it answers a query. */
  async untilAnswering(patienceMs = 60_000) {
    const started = performance.now();
    while (!(await answers(this.url))) {
      if (performance.now() - started > patienceMs) throw new Error('Postgres did not come back');
      await sleep(20);
    }
    return Math.round(performance.now() - started);
  }

  async stop() {
    await this.#child.end('SIGTERM');
  }

  #postmaster() {
    try {
      return Number(readFileSync(join(this.#dir, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
    } catch {
      return undefined;
    }
  }
}

/** Runs `work` on a connection of its own. */
export async function withDatabase(url, work, patienceMs = 2_000) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: patienceMs });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function answers(url) {
  try {
    await withDatabase(url, (client) => client.query('select 1'));
    return true;
  } catch {
    return false;
  }
}

function childrenOf(parent) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === parent)
    .map(Number);
}

function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function killHard(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone by itself.
  }
}

/** Free ports below the range outgoing connections use and above those of the other tests. */
export async function freePorts(count) {
  const ports = [];
  for (let port = 28_000 + Math.floor(Math.random() * 3_000); ports.length < count && port < 32_000; port++) {
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port) {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}
