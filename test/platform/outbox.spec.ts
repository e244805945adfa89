import { setTimeout as sleep } from 'node:timers/promises';
import { AuditRepository } from '../../src/platform/audit/audit.repository';
import { Audit } from '../../src/platform/audit/audit.service';
import { Clock } from '../../src/platform/clock';
import { Ids } from '../../src/platform/ids';
import { Logger } from '../../src/platform/logger';
import { backoffMs, OutboxWorker } from '../../src/platform/outbox/outbox-worker.service';
import { OutboxRepository } from '../../src/platform/outbox/outbox.repository';
import { Hopeless, Outbox, type OutboxHandler } from '../../src/platform/outbox/outbox.service';
import { Database } from '../../src/platform/transaction';
import { createTestDatabase, type TestDatabase } from '../support/postgres';

let test: TestDatabase;
let database: Database;
const pools: Database[] = [];

beforeAll(async () => {
  test = await createTestDatabase();
  database = new Database({ databaseUrl: test.url, databasePoolSize: 8 });
});
afterAll(async () => {
  await Promise.all([...pools, database].map((pool) => pool.close()));
  await test.drop();
});
beforeEach(() => owner('truncate outbox'));

/** The service itself may not delete a promise. */
async function owner(sql: string): Promise<void> {
  const client = await database.connect();
  await client.query(`reset role; ${sql}`);
  await client.end();
}

/** A process of its own as far as the outbox is concerned. */
function node(handler: OutboxHandler, { attempts = 5, own = true } = {}) {
  const pool = own ? new Database({ databaseUrl: test.url, databasePoolSize: 4 }) : database;
  if (own) pools.push(pool);
  const [ids, repository] = [new Ids(new Clock()), new OutboxRepository(pool)];
  const outbox = new Outbox(repository, ids, pool, new Audit(new AuditRepository(pool)));
  outbox.handle('call', handler, { attempts });
  const logger = new Logger({ logLevel: 'silent' });
  return { outbox, repository, worker: new OutboxWorker(outbox, repository, ids, new Clock(), logger) };
}

const account = (id: number) => ({ id, bucket: id % 64 });

function calls(count: number, of: number, name = 'call'): Parameters<Outbox['addAll']>[1] {
  return Array.from({ length: count }, (_, i) => ({
    ...{ topic: 'call', key: `${name}-${of}-${i}`, payload: { i }, account: account(of) },
  }));
}

async function states(): Promise<Record<string, number>> {
  const rows = await database.query<{ state: string; n: number }>(
    'select state, count(*)::int as n from outbox group by 1',
  );
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
}

const nothing = async (): Promise<void> => undefined;

describe('a promise', () => {
  it('is one for one cause, and none when its transaction is undone', async () => {
    const { outbox } = node(nothing, { own: false });
    const write = { topic: 'call', key: 'invoice-1', payload: {} };
    expect(await outbox.add(database, write)).not.toBeNull();
    expect(await outbox.add(database, write)).toBeNull();
    expect(await outbox.add(database, { ...write, account: account(7) })).not.toBeNull();
    const undone = database.transaction(async (tx) => {
      await outbox.add(tx, { ...write, key: 'invoice-2' });
      throw new Error('no');
    });
    await expect(undone).rejects.toThrow('no');
    expect(await states()).toEqual({ due: 2 });
  });

  it('waits for its time, and for a process that can keep it', async () => {
    const seen: string[] = [];
    const { outbox, worker } = node(async ({ key }) => void seen.push(key), { own: false });
    await outbox.add(database, { topic: 'call', key: 'now', payload: {} });
    const later = new Date(new Clock().now().getTime() + 3_600_000);
    await outbox.add(database, { topic: 'call', key: 'later', payload: {}, dueAt: later });
    await outbox.add(database, { topic: 'unheard of', key: 'other', payload: {} });
    expect(await worker.runDue()).toMatchObject({ done: 1 });
    expect([seen, await states()]).toEqual([['now'], { done: 1, due: 2 }]);
  });

  it('is kept once by eight workers at once', async () => {
    const times = new Map<string, number>();
    const count: OutboxHandler = async ({ key }) => {
      times.set(key, (times.get(key) ?? 0) + 1);
      await sleep(2);
    };
    const nodes = Array.from({ length: 8 }, () => node(count));
    for (let of = 1; of <= 20; of++) await nodes[0]!.outbox.addAll(database, calls(25, of));
    await nodes[0]!.outbox.addAll(database, calls(25, 20));
    const runs = await Promise.all(nodes.map(({ worker }) => worker.runDue()));
    // A worker that found every account busy elsewhere may have gone home early; one more turn finds what was left.
    runs.push(await nodes[0]!.worker.runDue());
    expect(runs.reduce((sum, { done }) => sum + done, 0)).toBe(500);
    expect([times.size, Math.max(...times.values())]).toEqual([500, 1]);
    expect(await states()).toEqual({ done: 500 });
  });
});

describe('a worker that dies between taking and finishing', () => {
  it('is succeeded when its lease ends, and can finish nothing afterwards', async () => {
    const dead = node(nothing);
    await dead.outbox.add(database, { topic: 'call', key: 'one', payload: {}, account: account(1) });
    const claim = { token: new Ids(new Clock()).uuidv7(), topics: ['call'], limit: 5, perAccount: 5 };
    const rest = { leaseMs: 400, busy: [], after: { bucket: -1, accountId: -1 } };
    const [message] = await dead.repository.claim({ ...claim, ...rest });
    const heir: number[] = [];
    const { worker } = node(async ({ attempt }) => void heir.push(attempt));
    expect(await worker.runDue()).toMatchObject({ done: 0 });
    await sleep(500);
    expect(await worker.runDue()).toMatchObject({ done: 1 });
    expect(heir).toEqual([2]);
    expect(await dead.repository.finish(message!)).toBe(false);
    expect(await dead.repository.park(message!, 'late')).toBe(false);
    expect(await states()).toEqual({ done: 1 });
  });

  it('is told that it comes too late when it was only slow', async () => {
    let goOn!: () => void;
    const slow = node(() => new Promise<void>((resolve) => (goOn = resolve)));
    await slow.outbox.add(database, { topic: 'call', key: 'one', payload: {} });
    const running = slow.worker.runDue(10, { leaseMs: 300 });
    await sleep(500);
    expect(await node(nothing).worker.runDue()).toMatchObject({ done: 1 });
    goOn();
    expect(await running).toMatchObject({ done: 0, lost: 1 });
  });

  it('again and again does not take others with it for ever', async () => {
    const called = jest.fn(nothing);
    const { outbox, worker } = node(called, { attempts: 3 });
    await outbox.add(database, { topic: 'call', key: 'deadly', payload: {} });
    await owner('update outbox set attempts = 3');
    expect(await worker.runDue()).toMatchObject({ parked: 1 });
    expect(called).not.toHaveBeenCalled();
  });
});

describe('a promise that cannot be kept', () => {
  const due = () => owner(`update outbox set due_at = now() where state = 'due'`);

  it('is tried later and later, then parked with its last error', async () => {
    const { outbox, worker } = node(async ({ attempt }) => {
      throw new Error(`no answer to attempt ${attempt}`);
    });
    await outbox.add(database, { topic: 'call', key: 'one', payload: {} });
    const waits: number[] = [];
    for (let attempt = 1; attempt < 5; attempt++) {
      expect(await worker.runDue()).toMatchObject({ postponed: 1 });
      expect(await worker.runDue()).toMatchObject({ postponed: 0 });
      const [row] = await database.query<{ wait: number }>(
        'select extract(epoch from due_at - now())::float8 as wait from outbox',
      );
      waits.push(row!.wait);
      await due();
    }
    expect(waits.every((wait, i) => wait <= 5 * 3 ** i && wait > 2.5 * 3 ** i - 1)).toBe(true);
    expect(await worker.runDue()).toMatchObject({ parked: 1 });
    const [row] = await database.query<{ last_error: string }>('select last_error from outbox');
    expect([await states(), row!.last_error]).toEqual([{ parked: 1 }, 'no answer to attempt 5']);
  });

  it('is parked at once when its handler knows that', async () => {
    const { outbox, worker } = node(async () => {
      throw new Hopeless('no such account');
    });
    await outbox.add(database, { topic: 'call', key: 'one', payload: {} });
    expect(await worker.runDue()).toMatchObject({ parked: 1 });
  });

  it('waits between a half and the whole of a time that triples up to twelve hours', () => {
    expect([1, 2, 3].map((attempt) => backoffMs(attempt, 0))).toEqual([5_000, 15_000, 45_000]);
    expect(backoffMs(1, 1)).toBe(2_500);
    expect(backoffMs(1_000, 0)).toBe(12 * 3_600_000);
  });
});

describe('an account with a backlog of thousands', () => {
  it('takes its share and no more', async () => {
    const order: number[] = [];
    const { outbox, worker } = node(async ({ accountId }) => void order.push(accountId));
    await outbox.addAll(database, calls(3_000, 1));
    for (let of = 2; of <= 11; of++) await outbox.addAll(database, calls(20, of));
    await worker.runDue(400);
    const places = order.flatMap((id, place) => (id === 1 ? [] : [place]));
    // Ten accounts with twenty each beside the big one: all of them are through after about 220 messages.
    expect(places).toHaveLength(200);
    expect(Math.max(...places)).toBeLessThan(300);
    const share = order.slice(0, 220).filter((id) => id === 1).length;
    expect(share).toBeLessThan(60);
  });

  it('does not hold up the others when its calls are slow', async () => {
    const done: number[] = [];
    const { outbox, worker } = node(async ({ accountId }) => {
      if (accountId === 1) await sleep(1_500);
      done.push(accountId);
    });
    await outbox.addAll(database, calls(2_000, 1));
    for (let of = 2; of <= 6; of++) await outbox.addAll(database, calls(20, of));
    await worker.runDue(110);
    expect(done.filter((id) => id !== 1)).toHaveLength(100);
    expect(done.indexOf(1)).toBeGreaterThan(90);
  });

  it('is drained in the order in which it came', async () => {
    const order: number[] = [];
    const { outbox, worker } = node(async ({ payload }) => void order.push((payload as { i: number }).i));
    for (const write of calls(50, 1)) await outbox.add(database, write);
    await worker.runDue(50, { concurrency: 1, perAccount: 1 });
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });
});
