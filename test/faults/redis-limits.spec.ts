import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithRedis } from '../support/redis';
import { MirrorWorld } from '../usage/mirror-world';

const LIMIT = 40;
const CLIENTS = 60;

/**
 * Rows 23, 24 and 25: whatever becomes of Redis, limits admit exactly what fits and nobody who asks hears of it; what is
 * copied to it comes back by itself.
 */
describeWithRedis('limits, while Redis', () => {
  let world: MirrorWorld;
  let accounts = 0;
  beforeAll(async () => {
    world = await MirrorWorld.start();
  });
  afterAll(() => world?.close());

  /** Sixty use up a limit of forty while something happens to Redis; every answer and the counter are exact. */
  async function raceWhile(happens: () => Promise<unknown>): Promise<string> {
    const account = `org:redis-${++accounts}`;
    const { limits } = world;
    await limits.limit(account, { scans: [String(LIMIT), 'refuse'] });
    const [answers] = await Promise.all([
      Promise.all(
        Array.from({ length: CLIENTS }, async (_, i) => {
          await sleep((i * 13) % 300);
          return limits.consume(account, { scans: '1' });
        }),
      ),
      sleep(100).then(happens),
    ]);
    const admitted = answers.filter(({ status }) => status === 'recorded');
    expect(admitted).toHaveLength(LIMIT);
    expect(new Set(admitted.map(({ items }) => items[0]!.used)).size).toBe(LIMIT);
    expect(answers.filter(({ status }) => status === 'refused')).toHaveLength(CLIENTS - LIMIT);
    expect(await limits.counted(account, 'scans')).toBe(`${LIMIT} of ${LIMIT} events`);
    return account;
  }

  it('row 23: goes away, stays away and comes back', async () => {
    await raceWhile(() => world.redis.kill());
    const away = await raceWhile(() => Promise.resolve());
    expect(await world.copyOf(away, 'scans')).toBeNull();
    const ready = await world.limits.usage.admin.get('/ready');
    expect([ready.status, ready.body.status]).toEqual([200, 'degraded']);
    const back = await raceWhile(() => world.redis.start());
    // What was counted while it was away is there as well.
    await world.untilEqual(5_000);
    expect(await world.copyOf(away, 'scans')).toBe(`${LIMIT}+0`);
    expect(await world.copyOf(back, 'scans')).toBe(`${LIMIT}+0`);
  });

  it('row 23: hangs', async () => {
    const started = performance.now();
    await raceWhile(async () => world.redis.pause());
    // Nobody waits for a Redis that does not answer.
    expect(performance.now() - started).toBeLessThan(5_000);
    world.redis.resume();
    await world.untilEqual(10_000);
  });

  it('row 24: is emptied again and again', async () => {
    await raceWhile(async () => {
      for (let i = 0; i < 20; i++) {
        await world.client.flushall();
        await sleep(10);
      }
    });
    await world.untilEqual(5_000);
  });

  it('row 24: comes back with an old copy of itself', async () => {
    const account = await raceWhile(() => Promise.resolve());
    await world.untilEqual(5_000);
    await world.client.save();
    await world.limits.limit(account, { scans: ['100', 'refuse'] });
    expect(await world.limits.told(account, { scans: '5' })).toBe(`recorded ${LIMIT + 5}/100`);
    await world.untilEqual(5_000);
    await raceWhile(async () => {
      await world.redis.kill();
      await world.redis.start();
    });
    await world.untilEqual(5_000);
    expect(await world.copyOf(account, 'scans')).toBe(`${LIMIT + 5}+0`);
  });

  it('row 25: evicts what it likes', async () => {
    const junk = 'x'.repeat(10_000);
    await world.client.config('SET', 'maxmemory-policy', 'allkeys-random');
    await world.client.config('SET', 'maxmemory', '1mb');
    const account = await raceWhile(async () => {
      for (let i = 0; i < 300; i++) await world.client.set(`junk:${i}`, junk).catch(() => undefined);
    });
    // A copy that is there is right; one that is not makes its reader ask Postgres.
    await sleep(500);
    expect([null, `${LIMIT}+0`]).toContain(await world.copyOf(account, 'scans'));
    await world.client.config('SET', 'maxmemory', '0');
    await world.client.flushall();
    await world.untilEqual(10_000);
  });

  it('row 25: takes nothing any more', async () => {
    await world.client.config('SET', 'maxmemory-policy', 'noeviction');
    await world.client.config('SET', 'maxmemory', '1');
    await raceWhile(() => Promise.resolve());
    await world.client.config('SET', 'maxmemory', '0');
    await world.untilEqual(10_000);
  });
});
