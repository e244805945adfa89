import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Clock } from '../../src/platform/clock';
import { Ids } from '../../src/platform/ids';
import { Lock, type Held } from '../../src/platform/lock';
import { LeaseRepository } from '../../src/platform/lock.repository';
import { Logger } from '../../src/platform/logger';
import { IMPATIENT } from '../../src/platform/redis.module';
import { Database } from '../../src/platform/transaction';
import { createTestDatabase, withClient, type TestDatabase } from '../support/postgres';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis';

let test: TestDatabase;
let database: Database;

beforeAll(async () => {
  test = await createTestDatabase();
  database = new Database({ databaseUrl: test.url, databasePoolSize: 20 });
});
afterAll(async () => {
  await database.close();
  await test.drop();
});
beforeEach(() => database.query('delete from lease_lock'));

/** A process of its own as far as locks are concerned. */
function node(redis: Redis | null = null): Lock {
  const logger = new Logger({ logLevel: 'silent' });
  return new Lock(new LeaseRepository(database), new Ids(new Clock()), logger, redis);
}

/** Work that ends when told. */
function work(): { run: (held: Held) => Promise<void>; held: Promise<Held>; finish: () => void } {
  let finish!: () => void;
  let begin!: (held: Held) => void;
  const held = new Promise<Held>((resolve) => (begin = resolve));
  const end = new Promise<void>((resolve) => (finish = resolve));
  const run = (now: Held): Promise<void> => {
    begin(now);
    return end;
  };
  return { run, held, finish };
}

const nothing = async (): Promise<void> => undefined;
const NAME = 'job';

/** What holds wherever the lock lives. */
function lawsOfALock(nodes: () => [Lock, Lock]): void {
  it('lets one run, and the other only afterwards', async () => {
    const [one, other] = nodes();
    const long = work();
    const running = one.withLock(NAME, 5_000, long.run);
    await long.held;
    expect(await other.withLock(NAME, 5_000, nothing)).toEqual({ ran: false });
    expect(await other.withLock('another job', 5_000, nothing)).toEqual({ ran: true });
    long.finish();
    expect(await running).toEqual({ ran: true });
    expect(await other.withLock(NAME, 5_000, nothing)).toEqual({ ran: true });
  });

  it('gives every holder a higher fence', async () => {
    const fences: bigint[] = [];
    for (const lock of [...nodes(), ...nodes()]) {
      await lock.withLock(NAME, 5_000, async ({ fence }) => void fences.push(fence));
    }
    expect(fences).toEqual([1n, 2n, 3n, 4n]);
  });

  it('never has two holders at once, of thirty who try again and again', async () => {
    let holders = 0;
    let most = 0;
    let runs = 0;
    const fences: bigint[] = [];
    const locks = Array.from({ length: 15 }, nodes).flat();
    await Promise.all(
      locks.map(async (lock) => {
        for (let n = 0; n < 5; n++) {
          const { ran } = await lock.withLock(NAME, 5_000, async ({ fence }) => {
            holders += 1;
            most = Math.max(most, holders);
            fences.push(fence);
            await sleep(2);
            holders -= 1;
          });
          if (ran) runs += 1;
        }
      }),
    );
    expect(most).toBe(1);
    expect(fences).toHaveLength(runs);
    expect(new Set(fences).size).toBe(runs);
    expect([...fences].sort((a, b) => Number(a - b))).toEqual(fences);
  });

  it('is kept longer than its lease while the work runs', async () => {
    const [one, other] = nodes();
    const long = work();
    const running = one.withLock(NAME, 300, long.run);
    const { signal } = await long.held;
    await sleep(1_000);
    expect(await other.withLock(NAME, 300, nothing)).toEqual({ ran: false });
    expect(signal.aborted).toBe(false);
    long.finish();
    await running;
  });

  it('is free again when the work throws, and the error is heard', async () => {
    const [one, other] = nodes();
    const failing = one.withLock(NAME, 5_000, async () => {
      throw new Error('the work failed');
    });
    await expect(failing).rejects.toThrow('the work failed');
    expect(await other.withLock(NAME, 5_000, nothing)).toEqual({ ran: true });
  });
}

describe('a lease row in Postgres', () => {
  lawsOfALock(() => [node(), node()]);

  it('of a holder who died ends by itself, and the next fence is higher', async () => {
    await withClient(test.url, (client) =>
      client.query(
        `insert into lease_lock values ('job', gen_random_uuid(), 41, now() + interval '400 milliseconds')`,
      ),
    );
    expect(await node().withLock(NAME, 5_000, nothing)).toEqual({ ran: false });
    await sleep(500);
    const seen: bigint[] = [];
    expect(await node().withLock(NAME, 5_000, async ({ fence }) => void seen.push(fence))).toEqual({
      ran: true,
    });
    expect(seen).toEqual([42n]);
  });

  it('that was lost tells the worker, whose renewal then takes nothing from the new holder', async () => {
    const long = work();
    const running = node().withLock(NAME, 300, long.run);
    const { signal } = await long.held;
    await database.query(
      `update lease_lock set holder = gen_random_uuid(), fence = fence + 1, expires_at = now() + interval '1 hour'`,
    );
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    long.finish();
    await running;
    expect(await node().withLock(NAME, 300, nothing)).toEqual({ ran: false });
  });
});

describeWithRedis('a lock in Redis', () => {
  let server: TestRedis;
  let clients: Redis[];
  const client = (): Redis => {
    const redis = new Redis(server.url, IMPATIENT);
    redis.on('error', () => undefined);
    clients.push(redis);
    return redis;
  };
  const ready = (redis: Redis): Promise<unknown> => new Promise((resolve) => redis.once('ready', resolve));

  beforeAll(async () => {
    server = await startRedis();
    clients = [];
  });
  afterAll(async () => {
    clients.forEach((redis) => redis.disconnect());
    await server.remove();
  });
  beforeEach(async () => {
    const one = client();
    await ready(one);
    await one.flushall();
    await one.quit();
  });

  describe('keeps the same laws', () => {
    let pair: [Redis, Redis];
    beforeAll(async () => {
      pair = [client(), client()];
      await Promise.all(pair.map(ready));
    });
    lawsOfALock(() => [node(pair[0]), node(pair[1])]);
  });

  it('goes on counting its fence after Redis was emptied', async () => {
    const redis = client();
    await ready(redis);
    const fences: bigint[] = [];
    const take = () => node(redis).withLock(NAME, 5_000, async ({ fence }) => void fences.push(fence));
    await take();
    await redis.flushall();
    await take();
    expect(fences).toEqual([1n, 2n]);
  });

  it('becomes a lease row when Redis is gone, within a moment, and a Redis again when it is back', async () => {
    const redis = client();
    await ready(redis);
    await server.kill();
    const startedAt = performance.now();
    expect(await node(redis).withLock(NAME, 5_000, nothing)).toEqual({ ran: true });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    const back = ready(redis);
    await server.start();
    await back;
    const long = work();
    const running = node(redis).withLock(NAME, 5_000, long.run);
    await long.held;
    expect(await redis.exists('tallyhouse:lock:job')).toBe(1);
    long.finish();
    await running;
    expect(await redis.exists('tallyhouse:lock:job')).toBe(0);
  });

  it('that hangs costs half a second', async () => {
    const redis = client();
    await ready(redis);
    server.pause();
    const startedAt = performance.now();
    expect(await node(redis).withLock(NAME, 5_000, nothing)).toEqual({ ran: true });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    server.resume();
    // What it was asked while it hung leaves no lock behind.
    await redis.ping();
    expect(await redis.exists('tallyhouse:lock:job')).toBe(0);
  });

  it('is not given while somebody without Redis holds the row', async () => {
    const redis = client();
    await ready(redis);
    const long = work();
    const running = node(null).withLock(NAME, 5_000, long.run);
    await long.held;
    expect(await node(redis).withLock(NAME, 5_000, nothing)).toEqual({ ran: false });
    expect(await redis.exists('tallyhouse:lock:job')).toBe(0);
    long.finish();
    await running;
  });

  it('that was lost tells the worker', async () => {
    const redis = client();
    await ready(redis);
    const long = work();
    const running = node(redis).withLock(NAME, 300, long.run);
    const { signal } = await long.held;
    await redis.set('tallyhouse:lock:job', 'somebody else', 'PX', 60_000);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    long.finish();
    await running;
    expect(await redis.get('tallyhouse:lock:job')).toBe('somebody else');
  });
});
