import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAccountKey } from '../../src/core/account-key';
import { parseQuantity } from '../../src/core/quantity';
import { ADMIN } from '../../src/platform/auth/principal';
import type { CounterCopy } from '../../src/usage/counter-copy';
import { RedisCounters } from '../../src/usage/counter-mirror-redis';
import { ReservationService } from '../../src/usage/reservation.service';
import { describeWithRedis } from '../support/redis';
import { LimitWorld } from './limit-world';
import { MARCH, MirrorWorld, NOON } from './mirror-world';

const A_SECOND = 1_000;

describeWithRedis('copies of counters', () => {
  let world: MirrorWorld;
  let limits: LimitWorld;
  beforeAll(async () => {
    world = await MirrorWorld.start();
    limits = world.limits;
  });
  afterAll(() => world?.close());

  it('follow what is counted, held, given back and taken back', async () => {
    const account = 'org:copied';
    const reservations = world.app.app.get(ReservationService);
    await limits.limit(account, { scans: ['100', 'refuse'] });
    await limits.consume(account, { scans: '7', wallet_checks: '2' });
    await limits.usage.admin.post('/api/v1/events', { id: 'e', account, type: 'scans', quantity: '5' });
    await world.untilEqual(5 * A_SECOND);
    expect(await world.copyOf(account, 'scans')).toBe('12+0');
    const { id } = await reservations.reserve(
      {
        ...{ account: parseAccountKey(account), source: 'test', id: 'r', expiresInMs: 60_000 },
        items: [{ meter: 'scans', quantity: parseQuantity('30'), resource: null, properties: null }],
      },
      ADMIN,
    );
    await world.untilEqual(5 * A_SECOND);
    expect(await world.copyOf(account, 'scans')).toBe('12+30');
    await reservations.commit(
      { account: parseAccountKey(account), id: id!, quantities: [parseQuantity('10')] },
      ADMIN,
    );
    await world.untilEqual(5 * A_SECOND);
    expect(await world.copyOf(account, 'scans')).toBe('22+0');
    await limits.usage.void(account, 'e');
    await world.untilEqual(5 * A_SECOND);
    expect(await world.copyOf(account, 'scans')).toBe('17+0');
    expect(await world.copyOf(account, 'wallet_checks')).toBe('2+0');
    expect(await world.copyOf('org:nobody-yet', 'scans').catch(() => null)).toBeNull();
  });

  it('equal Postgres within a second of quiet, however often Redis was emptied meanwhile', async () => {
    const took: number[] = [];
    for (let round = 0; round < 25; round++) {
      const account = `org:emptied-${round % 5}`;
      const uses = Array.from({ length: 20 }, async (_, i) => {
        await sleep((i * 37 + round * 11) % 150);
        await limits.consume(account, { scans: '1' });
      });
      const flushes = [13, 29, 31].map(async (step) => {
        await sleep((round * step) % 180);
        await world.client.flushall();
      });
      await Promise.all([...uses, ...flushes]);
      took.push(await world.untilEqual(10 * A_SECOND));
    }
    const sorted = took.sort((a, b) => a - b);
    // A machine that is busy with other tests may be late now and then.
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(A_SECOND);
  });

  it('never go back to an older revision, in whatever order they are written', async () => {
    const counters = new RedisCounters(world.client);
    let accountId = 1_000_000;
    const copy = (revision: number): CounterCopy => ({
      ...{ bucket: 0, accountId, meterId: 1, from: MARCH, to: MARCH + 1 },
      ...{ used: String(revision * 3), reserved: '0', revision: String(revision) },
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), async (revisions) => {
        accountId++;
        await Promise.all(revisions.map((revision) => counters.write([copy(revision)], new Date(NOON))));
        const read = (await counters.read({ accountId, from: MARCH }, [1]))!.get(1)!;
        const newest = Math.max(...revisions);
        expect(read).toMatchObject({
          revision: BigInt(newest),
          used: parseQuantity(String(newest * 3)),
          asOf: new Date(NOON),
        });
      }),
      { numRuns: 60 },
    );
  });

  it('end by themselves', async () => {
    await world.mirror.fill();
    const keys = await world.client.keys('tallyhouse:counter:*');
    expect(keys.length).toBeGreaterThan(3);
    for (const key of keys) expect(await world.client.pttl(key)).toBeGreaterThan(0);
  });

  it('are filled by the job of that name, and say nothing of what is not there', async () => {
    await world.client.flushall();
    const job = await limits.usage.admin.post('/api/v1/jobs/counter-mirror/run', {});
    expect(job.status).toBeLessThan(300);
    expect(await world.differing()).toEqual([]);
    const nobody = { id: 999_999_999, bucket: 0 };
    expect(await world.mirror.read(nobody, [1], MARCH)).toBeNull();
  });
});

describe('without Redis', () => {
  it('there are no copies, and nothing misses them', async () => {
    const world = await LimitWorld.at(NOON);
    const { CounterMirror } = await import('../../src/usage/counter-mirror');
    const mirror = world.usage.app.app.get(CounterMirror);
    expect(await mirror.read({ id: 1, bucket: 0 }, [1], MARCH)).toBeNull();
    expect(await mirror.fill()).toBe(0);
    expect(await world.told('org:alone', { scans: '3' })).toMatch(/^recorded 3\//);
    await world.close();
  });
});
