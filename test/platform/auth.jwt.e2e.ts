import type { FastifyInstance } from 'fastify';
import type { Principal } from '../../src/platform/auth/principal';
import { startTestApp, type TestApp } from '../support/app';
import { Rest } from '../support/rest';
import { ecKey, hs256, inAnHour, serveKeySet, TOKEN_SECRET, type TestKeySet } from '../support/tokens';
import { ADMIN_KEY, openWorld, rest, rpc, type World } from './door-world';
import { GrpcDoors, RestDoors } from './doors-controllers';

const provider = ecKey('p1');
let served: TestKeySet;
let world: World;

function routes(server: FastifyInstance): void {
  const handler = async (request: { principal: Principal | null }) => ({ kind: request.principal?.kind });
  server.get('/raw/beside', { config: { scope: 'usage:read' } }, handler);
  server.hot.post('/raw/front', { config: { scope: 'events:write', internalKey: true } }, handler);
  server.get('/raw/operator', { config: { scope: 'keys:read' } }, handler);
}

beforeAll(async () => {
  served = await serveKeySet(provider);
  const config = { jwtSecret: TOKEN_SECRET, jwksUrl: served.url };
  world = await openWorld({ controllers: [RestDoors, GrpcDoors], routes, config });
});
afterAll(async () => {
  await world?.close();
  await served?.close();
});

const TEAM = 'team:11111111-1111-4111-8111-111111111111';
const expired = (): string => hs256({ org_id: 'acme', exp: inAnHour() - 7_200 });

describe('the holder of a token', () => {
  it('comes in by every door', async () => {
    const token = hs256({ org_id: 'acme', user_id: 'u-1', role: 'user' });
    expect((await rest(world, ['GET', '/test/who'], { key: token })).body).toEqual({
      ...{ id: 'u-1', kind: 'jwt', accounts: ['org:acme'] },
    });
    expect((await rest(world, ['GET', '/raw/beside'], { key: token })).body).toEqual({ kind: 'jwt' });
    expect((await rest(world, ['POST', '/raw/front'], { key: token, body: {} })).body).toEqual({
      kind: 'jwt',
    });
    const metadata = { authorization: `Bearer ${token}` };
    expect(await rpc(world.grpcUrl, 'Echo', { metadata })).toMatchObject({ code: 0, text: 'hi from jwt' });
  });

  it('comes in by a token of the provider as well', async () => {
    const key = provider.sign({ sub: 'u-2', projects: ['p1'] });
    expect((await rest(world, ['GET', '/test/who'], { key })).body).toMatchObject({
      ...{ id: 'u-2', accounts: ['project:p1'] },
    });
  });

  it('has no more rights than his role gives', async () => {
    const answer = await rest(world, ['GET', '/raw/operator'], {
      key: hs256({ org_id: 'a', role: 'admin' }),
    });
    expect([answer.status, answer.body.detail]).toEqual([403, 'The scope keys:read is needed']);
  });
});

describe('a token that proves nothing', () => {
  it('is answered in the same words whatever is wrong with it, at every door', async () => {
    const tokens = [
      'invalid-token',
      hs256({ org_id: 'acme' }, `${TOKEN_SECRET}x`),
      hs256({ org_id: 'acme', exp: undefined }),
      expired(),
      hs256({ sub: 'u-1' }),
      hs256({ org_id: '*' }),
    ];
    const heard = new Set<string>();
    for (const key of tokens) {
      const { status, headers, body } = await rest(world, ['GET', '/test/who'], { key });
      heard.add([status, headers.get('www-authenticate'), body.code, body.detail].join(' | '));
    }
    expect([...heard]).toEqual(['401 | Bearer | unauthenticated | The credential is not valid']);
    const raw = await rest(world, ['POST', '/raw/front'], { key: expired(), body: {} });
    expect([raw.status, raw.body.detail]).toEqual([401, 'The credential is not valid']);
    const metadata = { authorization: `Bearer ${expired()}` };
    expect(await rpc(world.grpcUrl, 'Echo', { metadata })).toMatchObject({
      ...{ code: 16, details: 'The credential is not valid' },
    });
  });

  it('counts as a guess, while known tokens and keys go on', async () => {
    const config = { jwtSecret: TOKEN_SECRET };
    const lonely = await openWorld({ controllers: [RestDoors], database: world.database, config });
    const ask = async (key: string): Promise<number> =>
      (await rest(lonely, ['GET', '/test/who'], { key })).status;
    try {
      const known = hs256({ org_id: 'acme' });
      expect([await ask(known), await ask(ADMIN_KEY)]).toEqual([200, 200]);
      const statuses: number[] = [];
      for (let n = 0; n < 30; n++) statuses.push(await ask(hs256({ org_id: 'acme', n }, 'x'.repeat(40))));
      expect(statuses.slice(0, 20)).toEqual(new Array(20).fill(401));
      expect(statuses).toContain(429);
      expect([await ask(known), await ask(ADMIN_KEY)]).toEqual([200, 200]);
    } finally {
      await lonely.close();
    }
  });

  it('is neither right nor wrong while its provider is away', async () => {
    const config = { jwksUrl: 'http://127.0.0.1:9/keys' };
    const cut = await openWorld({ controllers: [RestDoors], database: world.database, config });
    try {
      const answer = await rest(cut, ['GET', '/test/who'], { key: provider.sign({ org_id: 'acme' }) });
      expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([
        ...[503, 'unavailable', '5'],
      ]);
    } finally {
      await cut.close();
    }
  });
});

describe('in the whole service', () => {
  let app: TestApp;
  let admin: Rest;
  beforeAll(async () => {
    app = await startTestApp({ jwtSecret: TOKEN_SECRET });
    admin = new Rest(app.rest, app.adminKey);
    for (const account of ['org:acme', 'org:other']) {
      const event = { id: `first-${account}`, source: 't', type: 'api_requests', account, quantity: '3' };
      await admin.post('/api/v1/events', event);
    }
  });
  afterAll(() => app?.close());

  const holder = (claims: object = {}): Rest =>
    new Rest(app.rest, hs256({ org_id: 'acme', sub: 'u-1', ...claims }));
  const read = async (who: Rest, path: string): Promise<number> => (await who.get(path)).status;

  it('a token reports and sees the usage of its own accounts', async () => {
    const event = { id: 'e-1', source: 't', type: 'api_requests', account: 'org:acme', quantity: '4' };
    expect((await holder().post('/api/v1/events', event)).status).toBeLessThan(300);
    const usage = await holder().get('/api/v1/meters/api_requests/usage?account=org:acme');
    expect([usage.status, JSON.stringify(usage.body).includes('"7"')]).toEqual([200, true]);
    const { body } = await holder().get<{ items: { key: string }[] }>('/api/v1/accounts');
    expect(body.items.map(({ key }) => key)).toEqual(['org:acme']);
  });

  it.each(['user', 'admin', 'billing_admin'])(
    'no holder of one reaches beyond its accounts: %s',
    async (role) => {
      const who = holder({ role });
      const paths = [
        '/api/v1/meters/api_requests/usage?account=org:other',
        '/api/v1/accounts/org:other',
        '/api/v1/accounts/org:other/subscription',
        '/api/v1/accounts/org:other/balance',
        '/api/v1/events?account=org:other',
        '/api/v1/invoices?account=org:other',
        '/api/v1/projects/11111111-1111-4111-8111-111111111111/usage/current',
        '/api/v1/projects/11111111-1111-4111-8111-111111111111/cost',
        '/api/v1/projects/11111111-1111-4111-8111-111111111111/budgets',
        '/api/v1/projects/11111111-1111-4111-8111-111111111111/invoices',
        '/api/v1/api-keys',
        '/api/v1/audit',
        '/api/v1/webhooks',
        '/api/v1/outbox',
      ];
      const statuses = await Promise.all(paths.map((path) => read(who, path)));
      const doors = paths.map((path, n) => `${statuses[n]} ${path}`);
      expect(doors.filter((door) => !/^40[34] /.test(door))).toEqual([]);
      const event = {
        id: `x-${role}`,
        source: 't',
        type: 'api_requests',
        account: 'org:other',
        quantity: '1',
      };
      expect((await who.post('/api/v1/events', event)).status).toBe(403);
      const question = { attributionId: TEAM, from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };
      expect((await who.post('/api/v1/usage.v1.UsageService/ListUsage', question)).status).toBe(403);
      expect((await who.put('/api/v1/accounts/org:acme', { name: 'Mine' })).status).toBe(403);
    },
  );
});
