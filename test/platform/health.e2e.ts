import { HealthService } from '../../src/platform/health.service';
import { Readiness } from '../../src/platform/readiness';
import { withClient } from '../support/postgres';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis';
import { openWorld, rest, type RestAnswer, type World } from './door-world';

const ask = (world: World, path: string) => rest(world, ['GET', path], { key: null });

/** Asks until the answer is `status`; the doors themselves look anew on each question. */
async function until(world: World, path: string, status: number | string): Promise<RestAnswer> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await ask(world, path);
    if (answer.status === status || answer.body.status === status) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${path} never became ${status}`);
}

describe('with Postgres alone', () => {
  let world: World;
  beforeAll(async () => {
    // Clocks are read again every two seconds, by the same way to Postgres that a test counts the questions of.
    world = await openWorld({ config: { testClocks: false } });
  });
  afterAll(() => world?.close());

  const rename = (from: string, to: string): Promise<unknown> => {
    const url = new URL(world.database.url);
    url.pathname = '/postgres';
    return withClient(url.toString(), async (client) => {
      await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [from]);
      await client.query(`alter database ${from} rename to ${to}`);
    });
  };

  it('is alive, ready and healthy, and says what it has not', async () => {
    const services = { database: 'healthy', redis: 'not_configured', stripe: 'not_configured' };
    expect((await ask(world, '/live')).body).toEqual({ status: 'alive', service: 'tallyhouse' });
    const ready = await ask(world, '/ready');
    expect([ready.status, ready.body]).toEqual([200, { status: 'ready', service: 'tallyhouse', services }]);
    const { status, body } = await ask(world, '/health');
    expect([status, body]).toEqual([
      200,
      { status: 'healthy', service: 'tallyhouse', time: body.timestamp, timestamp: body.timestamp, services },
    ]);
    expect(new Date(body.time).toISOString()).toBe(body.time);
  });

  it('is alive but not ready while Postgres is away, and ready again by itself', async () => {
    const name = new URL(world.database.url).pathname.slice(1);
    await rename(name, `${name}_away`);
    try {
      const away = await ask(world, '/ready');
      expect([away.status, away.body.status, away.body.services.database]).toEqual([
        503,
        'unavailable',
        'unhealthy',
      ]);
      expect((await ask(world, '/live')).status).toBe(200);
      const overall = await ask(world, '/health');
      expect([overall.status, overall.body.status]).toEqual([200, 'unhealthy']);
    } finally {
      await rename(`${name}_away`, name);
    }
    expect((await until(world, '/ready', 200)).body.status).toBe('ready');
  });

  it('answers within its patience when Postgres does not', async () => {
    const health = world.app.get(HealthService);
    const never = jest.spyOn(health['database'], 'query').mockReturnValue(new Promise(() => undefined));
    const startedAt = performance.now();
    const answers = await Promise.all([1, 2, 3].map(() => ask(world, '/ready')));
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(never).toHaveBeenCalledTimes(1);
    never.mockRestore();
  });

  it("tells Stripe's state as our last call to it found it, and asks nobody", async () => {
    const health = world.app.get(HealthService);
    health.reportStripe('unhealthy');
    expect((await ask(world, '/health')).body).toMatchObject({
      status: 'degraded',
      services: { stripe: 'unhealthy' },
    });
    expect((await ask(world, '/ready')).body.status).toBe('ready');
    health.reportStripe('not_configured');
  });

  it('is not ready any more once its shutdown began, and answers until the end', async () => {
    const leaving = await openWorld({ database: world.database });
    leaving.app.get(Readiness).drain();
    const ready = await ask(leaving, '/ready');
    expect([ready.status, ready.body.status]).toEqual([503, 'shutting_down']);
    expect((await ask(leaving, '/live')).status).toBe(200);
    await leaving.close();
  });
});

describeWithRedis('with Redis', () => {
  let redis: TestRedis;
  let world: World;
  beforeAll(async () => {
    redis = await startRedis();
    world = await openWorld({ config: { redisUrl: redis.url } });
  });
  afterAll(async () => {
    await world?.close();
    await redis?.remove();
  });

  it('is ready, degraded while Redis is away or hangs, and ready again by itself', async () => {
    expect((await until(world, '/ready', 'ready')).body.services.redis).toBe('healthy');
    await redis.kill();
    const away = await until(world, '/ready', 'degraded');
    expect([away.status, away.body.services]).toEqual([
      200,
      { database: 'healthy', redis: 'unhealthy', stripe: 'not_configured' },
    ]);
    expect((await ask(world, '/health')).body.status).toBe('degraded');
    await redis.start();
    await until(world, '/ready', 'ready');
    redis.pause();
    const startedAt = performance.now();
    expect((await ask(world, '/ready')).body.status).toBe('degraded');
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    redis.resume();
    await until(world, '/ready', 'ready');
  });
});

describeWithRedis('with a Redis that was never there', () => {
  it('starts, degraded, and a lock is a lease row', async () => {
    const world = await openWorld({ config: { redisUrl: 'redis://127.0.0.1:19999' } });
    try {
      expect((await ask(world, '/ready')).body.status).toBe('degraded');
    } finally {
      await world.close();
    }
  });
});
