import { randomUUID } from 'node:crypto';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toDomainError } from '../../src/platform/database-errors';
import { itWith, MOUNT, STRACE } from '../support/means';
import { withClient } from '../support/postgres';
import { eventually, TestProcess } from '../support/processes';
import { Rest } from '../support/rest';
import { type ChildApp, startChildApp } from './child-app';
import { statusesOf, TimedLoad } from './timed-load';

const MIB = 1024 * 1024;

let dir: string;
let postgres: TestProcess | undefined;
let url: string;
let app: ChildApp | undefined;
let admin: Rest;

beforeEach(() => {
  dir = join(tmpdir(), `disk-${process.pid}-${process.hrtime.bigint()}`);
  mkdirSync(dir, { mode: 0o755 });
});
afterEach(async () => {
  app?.process.kill('SIGKILL');
  postgres?.kill('SIGKILL');
  await Promise.all([app?.process.exited, postgres?.exited]);
  // A server on its way out holds the file system for a moment.
  for (let tries = 0; tries < 100 && isMounted() && spawnSync('umount', [dir]).status !== 0; tries++)
    await sleep(100);
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

const isMounted = (): boolean => readFileSync('/proc/mounts', 'utf8').includes(` ${dir} `);

async function start(): Promise<void> {
  postgres = new TestProcess('test/support/embedded-process.ts', [], { DATA_DIR: dir });
  url = (await postgres.says(/running \d+ (\S+) in/))[1]!;
  app = await startChildApp({ DATABASE_URL: url });
  admin = new Rest(app.rest, app.adminKey);
}

async function stop(): Promise<void> {
  await app?.close();
  postgres?.kill('SIGTERM');
  await postgres?.exited;
}

/** Clients that keep a list of what was acknowledged. */
class Clients {
  readonly acknowledged = new Set<string>();
  readonly #singles = new TimedLoad(6, () => this.#send(1), 10);
  readonly #batches = new TimedLoad(2, () => this.#send(300), 10);

  async #send(count: number): Promise<{ status: number }> {
    const ids = Array.from({ length: count }, () => randomUUID());
    const events = ids.map((id) => ({ id, account: 'org:acme', type: 'scans', quantity: '1' }));
    const { status } = await admin.post('/api/v1/events', count === 1 ? events[0] : { events });
    if (status === 200 || status === 201) for (const id of ids) this.acknowledged.add(id);
    return { status };
  }

  /** Waits for `condition` of what was answered since now. */
  async until(condition: (statuses: Record<number, number>) => boolean, what: string): Promise<void> {
    const before = this.#answers().length;
    const deadline = performance.now() + 60_000;
    while (!condition(statusesOf(this.#answers().slice(before)))) {
      if (performance.now() > deadline) throw new Error(`did not happen: ${what}`);
      await sleep(20);
    }
  }

  async stop(): Promise<Record<number, number>> {
    await Promise.all([this.#singles.stop(), this.#batches.stop()]);
    return statusesOf(this.#answers());
  }

  #answers() {
    return [...this.#singles.answers, ...this.#batches.answers];
  }
}

const refused = (statuses: Record<number, number>): boolean => (statuses[503] ?? 0) >= 10;
const taken = (statuses: Record<number, number>): boolean =>
  (statuses[201] ?? 0) >= 10 && (statuses[200] ?? 0) >= 3;

/** Everything acknowledged is there, once, and counted. */
async function expectKept(acknowledged: ReadonlySet<string>): Promise<void> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ event_id: string }>('select event_id from usage_event'),
  );
  const stored = new Set(rows.map(({ event_id }) => event_id));
  expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
  expect(stored.size).toBe(rows.length);
  const { rows: sums } = await withClient(url, (client) =>
    client.query<{ sum: number; keys: number }>(
      'select (select sum(sum)::int from usage_counter) as sum, (select count(*)::int from event_key) as keys',
    ),
  );
  expect(sums[0]).toEqual({ sum: rows.length, keys: rows.length });
}

describe('row 16: the disk is full', () => {
  itWith(MOUNT)(
    'ingest answers 503, nothing acknowledged is lost, and it recovers by itself when there is room again',
    async () => {
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'tmpfs', dir]).status).toBe(0);
      await start();
      const clients = new Clients();
      await clients.until(taken, 'events are taken');
      const { bavail, bsize } = statfsSync(dir);
      writeFileSync(join(dir, 'ballast'), Buffer.alloc(bavail * bsize - 6 * MIB));
      await clients.until(refused, 'the disk is full');
      await sleep(1_000);
      rmSync(join(dir, 'ballast'));
      await clients.until(taken, 'events are taken again');
      const statuses = await clients.stop();
      const faults = Object.keys(statuses).filter((status) => !['200', '201', '503'].includes(status));
      // What the service says of a fault of its own is the only trace of it.
      expect([faults, faults.length === 0 ? '' : app!.process.output.slice(-3_000)]).toEqual([[], '']);
      await expectKept(clients.acknowledged);
      await stop();
    },
    120_000,
  );
});

/** What this server and the one before wrote. */
function serverLogs(): string {
  const logs = ['server.log.1', 'server.log'].map((name) => join(dir, 'postgres', name));
  return logs
    .filter((log) => existsSync(log))
    .map((log) => readFileSync(log, 'utf8'))
    .join('');
}

describe('row 17: fsync fails', () => {
  it.each(['58030', '53100', '53000'])(
    'what Postgres says of it (%s) is "not now" for the caller',
    (code) => {
      const error = Object.assign(new Error('could not fdatasync file'), { code });
      expect(toDomainError(error)).toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 });
    },
  );

  itWith(STRACE)(
    'Postgres stops and recovers, nothing is acknowledged that is not there, and nobody is answered a fault',
    async () => {
      await start();
      const clients = new Clients();
      await clients.until(taken, 'events are taken');
      const tracer = failSyncs();
      await eventually(() => PANIC.test(serverLogs()), 'Postgres panics');
      tracer.kill('SIGTERM');
      await clients.until(taken, 'events are taken again');
      const statuses = await clients.stop();
      expect(Object.keys(statuses).filter((status) => !['200', '201', '503'].includes(status))).toEqual([]);
      await expectKept(clients.acknowledged);
      await stop();
    },
    120_000,
  );
});

/** Postgres never trusts a page cache after a failed sync: it stops and replays its log. */
const PANIC = /PANIC: {2}could not (fsync|fdatasync)/;

/** Every fsync and fdatasync of the processes that serve connections now, and of those that write behind them, fails. */
function failSyncs(): ChildProcess {
  const postmaster = readFileSync(join(dir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]!;
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(' ');
  const inject = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO'];
  return spawn('strace', ['-qq', ...inject, ...children.flatMap((pid) => ['-p', pid])], { stdio: 'ignore' });
}
