import type { FastifyInstance } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../support/postgres';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis';
import { ADMIN_KEY, openWorld, rest, rpc, type World } from './door-world';
import { GrpcDoors, RestDoors } from './doors-controllers';

const A_MINUTE = 60_000;
const TWENTY = { rateLimitRequests: 20, rateLimitWindowMs: A_MINUTE };

let first: World;
const opened: World[] = [];

beforeAll(async () => {
  first = await openWorld({ controllers: [RestDoors] });
});
afterAll(() => first?.close());
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});

/** A process of its own on the same database. */
async function process(config: object = TWENTY): Promise<World> {
  const routes = (server: FastifyInstance): void => {
    server.hot.post('/hot', { config: { scope: 'events:write' } }, async () => ({}));
  };
  const world = await openWorld({
    ...{ controllers: [RestDoors, GrpcDoors], database: first.database, routes, config },
  });
  opened.push(world);
  return world;
}

let keys = 0;
async function newKey(accounts: string[] = ['*']): Promise<string> {
  const body = { name: `k-${keys++}`, scopes: ['usage:read', 'events:write', 'accounts:read'], accounts };
  return (await rest(first, ['POST', '/api/v1/api-keys'], { body })).body.key;
}

const who = (world: World, key: string) => rest(world, ['GET', '/test/who'], { key });

/** The statuses of so many requests, one after the other. */
async function statuses(world: World, times: number, key: string): Promise<number[]> {
  const seen: number[] = [];
  for (let n = 0; n < times; n++) seen.push((await who(world, key)).status);
  return seen;
}

const all = (times: number, status: number): number[] => new Array<number>(times).fill(status);

describe('a principal who asks too often', () => {
  it('is told so, by a problem with the seconds to wait, while others go on', async () => {
    const world = await process();
    const key = await newKey();
    expect(await statuses(world, 20, key)).toEqual(all(20, 200));
    const { status, headers, body } = await who(world, key);
    expect(status).toBe(429);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(50);
    expect(body).toMatchObject({ code: 'rate-limited', status: 429, title: 'Too many requests' });
    expect((await who(world, await newKey())).status).toBe(200);
  });

  it('comes in again after the window', async () => {
    const world = await process({ rateLimitRequests: 5, rateLimitWindowMs: 800 });
    const key = await newKey();
    expect((await statuses(world, 6, key)).at(-1)).toBe(429);
    expect((await who(world, key)).headers.get('retry-after')).toBe('1');
    await sleep(800);
    expect(await statuses(world, 5, key)).toEqual(all(5, 200));
  });

  it('has one limit for REST, raw routes and gRPC together', async () => {
    const world = await process();
    const key = await newKey();
    const metadata = { 'x-api-key': key };
    for (let n = 0; n < 7; n++) {
      expect((await who(world, key)).status).toBe(200);
      if (n < 6) expect((await rest(world, ['POST', '/hot'], { key, body: {} })).status).toBe(200);
      expect((await rpc(world.grpcUrl, 'Echo', { metadata })).code).toBe(0);
    }
    expect((await rest(world, ['POST', '/hot'], { key, body: {} })).status).toBe(429);
    expect((await who(world, key)).status).toBe(429);
    const refused = await rpc(world.grpcUrl, 'Echo', { metadata });
    expect(refused.code).toBe(8);
    expect(Number(refused.metadata.get('retry-after')[0])).toBeGreaterThan(50);
  });

  it('learns so before his body is read', async () => {
    const world = await process({ rateLimitRequests: 1, rateLimitWindowMs: A_MINUTE });
    const key = await newKey();
    await who(world, key);
    const options = { key, body: '{"not json', headers: { 'content-type': 'text/nonsense' } };
    expect((await rest(world, ['POST', '/hot'], options)).status).toBe(429);
  });

  it('may be the holder of the bootstrap key', async () => {
    const world = await process();
    expect((await statuses(world, 21, ADMIN_KEY)).slice(-2)).toEqual([200, 429]);
  });

  it('may be a caller whom the network vouches for', async () => {
    const world = await process({ ...TWENTY, grpcAuth: 'network' });
    const codes: number[] = [];
    for (let n = 0; n < 21; n++) codes.push((await rpc(world.grpcUrl, 'Echo', { metadata: {} })).code);
    expect(codes).toEqual([...all(20, 0), 8]);
  });

  it('does not keep probes and scrapers out, who are nobody', async () => {
    const world = await process({ rateLimitRequests: 1, rateLimitWindowMs: A_MINUTE });
    await statuses(world, 3, ADMIN_KEY);
    for (const path of ['/health', '/live', '/ready', '/metrics'])
      expect((await rest(world, ['GET', path])).status).toBe(200);
  });
});

describe('an account with a limit of its own', () => {
  const path = (key: string): string => `/api/v1/accounts/${key}/rate-limit`;
  beforeAll(() =>
    withClient(first.database.url, async (client) => {
      await client.query(`insert into account (bucket, key) values (1, 'org:acme'), (2, 'org:plain')`);
    }),
  );

  it('has it for who acts for it alone, until it is taken away', async () => {
    const world = await process();
    const [own, wide] = [await newKey(['org:acme']), await newKey(['org:*'])];
    const body = { requests: 3, window_ms: A_MINUTE };
    const put = await rest(world, ['PUT', path('org:acme')], { body });
    expect([put.status, put.body]).toEqual([200, { account: 'org:acme', ...body, is_default: false }]);
    expect(await statuses(world, 4, own)).toEqual([...all(3, 200), 429]);
    expect(await statuses(world, 4, wide)).toEqual(all(4, 200));
    expect((await rest(world, ['DELETE', path('org:acme')])).status).toBe(204);
    expect((await who(world, own)).status).toBe(200);
    expect((await rest(world, ['GET', path('org:acme')], { key: own })).body).toEqual({
      ...{ account: 'org:acme', requests: 20, window_ms: A_MINUTE, is_default: true },
    });
  });

  it('has it where there is no usual limit, and nobody else has one', async () => {
    const world = await process({ rateLimitRequests: 0 });
    expect((await rest(world, ['GET', path('org:plain')])).body).toEqual({
      ...{ account: 'org:plain', requests: null, window_ms: null, is_default: true },
    });
    await rest(world, ['PUT', path('org:plain')], { body: { requests: 2 } });
    expect((await statuses(world, 3, await newKey(['org:plain']))).at(-1)).toBe(429);
    expect(await statuses(world, 30, ADMIN_KEY)).toEqual(all(30, 200));
    await rest(world, ['DELETE', path('org:plain')]);
  });

  it('is written down in the audit trail, each change once', async () => {
    const world = await process({ rateLimitRequests: 0 });
    await rest(world, ['PUT', path('org:plain')], { body: { requests: 2 } });
    await rest(world, ['DELETE', path('org:plain')]);
    await rest(world, ['DELETE', path('org:plain')]);
    const { items } = (await rest(world, ['GET', '/api/v1/audit?account=org:plain&limit=2'])).body;
    expect(items.map(({ action }: { action: string }) => action)).toEqual([
      'rate-limit.removed',
      'rate-limit.set',
    ]);
  });

  it('cannot set it itself, whatever rights its key has', async () => {
    const admin = { name: 'own admin', role: 'admin', accounts: ['org:acme'] };
    const { key } = (await rest(first, ['POST', '/api/v1/api-keys'], { body: admin })).body;
    const body = { requests: 1_000_000 };
    expect((await rest(first, ['PUT', path('org:acme')], { key, body })).status).toBe(403);
    expect((await rest(first, ['DELETE', path('org:acme')], { key })).status).toBe(403);
    expect((await rest(first, ['GET', path('org:plain')], { key })).status).toBe(403);
  });

  it.each([
    [{}],
    [{ requests: 0 }],
    [{ requests: 1.5 }],
    [{ requests: 5, window_ms: 0 }],
    [{ requests: 5, per: 's' }],
  ])('is not %j', async (body) => {
    expect((await rest(first, ['PUT', path('org:acme')], { body })).status).toBe(400);
  });

  it('must exist', async () => {
    const answers = [
      await rest(first, ['PUT', path('org:nobody')], { body: { requests: 5 } }),
      await rest(first, ['GET', path('org:nobody')]),
      await rest(first, ['DELETE', path('org:nobody')]),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
  });
});

describeWithRedis('two processes with one Redis', () => {
  let redis: TestRedis;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const world of opened.splice(0)) await world.close();
    await redis.remove();
  });
  const told = (): Promise<void> => sleep(100);

  it('let a principal make as many requests as one', async () => {
    const config = { ...TWENTY, redisUrl: redis.url };
    const [one, other] = [await process(config), await process(config)];
    const key = await newKey();
    expect(await statuses(one, 12, key)).toEqual(all(12, 200));
    await told();
    expect((await who(other, key)).status).toBe(200);
    await told();
    expect(await statuses(other, 8, key)).toEqual([...all(7, 200), 429]);
  });

  it('go on, each by itself, when it goes away in between', async () => {
    const config = { ...TWENTY, redisUrl: redis.url };
    const [one, other] = [await process(config), await process(config)];
    const key = await newKey();
    expect(await statuses(one, 12, key)).toEqual(all(12, 200));
    await told();
    await redis.kill();
    expect(await statuses(one, 9, key)).toEqual([...all(8, 200), 429]);
    expect(await statuses(other, 21, key)).toEqual([...all(20, 200), 429]);
  });
});
