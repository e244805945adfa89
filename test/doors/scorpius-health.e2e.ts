import { HealthService } from '../../src/platform/health.service';
import { Scorpius, scorpiusWorld } from '../support/scorpius-client';
import { UsageWorld } from '../support/usage-world';

interface Health {
  readonly status: string;
  readonly timestamp: string;
  readonly services: Record<string, string>;
}

const AT = '2024-06-15T00:00:00Z';

const ask = (world: UsageWorld, path: string) => new Scorpius(world, null).send<Health>('GET', path);

describe('GET /health (row 24)', () => {
  let world: UsageWorld;
  beforeAll(async () => {
    world = await scorpiusWorld(AT);
  });
  afterAll(() => world.close());

  it('S-52: tells that everything is well, with the time and each service', async () => {
    world.app.app.get(HealthService).reportStripe('healthy');
    const { status, body } = await ask(world, '/health');
    expect([status, body]).toMatchObject([
      200,
      {
        ...{ status: 'healthy', timestamp: '2024-06-15T00:00:00.000Z' },
        services: { database: 'healthy', redis: 'not_configured', stripe: 'healthy' },
      },
    ]);
  });

  it('S-56: tells that Stripe fails, and takes requests all the same', async () => {
    world.app.app.get(HealthService).reportStripe('unhealthy');
    const { status, body } = await ask(world, '/health');
    expect([status, body.status, body.services['stripe']]).toEqual([200, 'degraded', 'unhealthy']);
    expect((await ask(world, '/ready')).status).toBe(200);
  });
});

it('S-53: tells that Redis is away; only without Postgres is nobody to come (row 24, against TR-9)', async () => {
  const world = await UsageWorld.at(AT, { redisUrl: 'redis://127.0.0.1:19999' });
  const { status, body } = await ask(world, '/health');
  expect([status, body.status, body.services['redis']]).toEqual([200, 'degraded', 'unhealthy']);
  const ready = await ask(world, '/ready');
  expect([ready.status, ready.body.status]).toEqual([200, 'degraded']);
  await world.close();
});
