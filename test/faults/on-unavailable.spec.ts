import { parseAccountKey } from '../../src/core/account-key';
import { AccountService } from '../../src/cost-centers/account.service';
import { MeterService } from '../../src/pricing/meter.service';
import { CounterMirror } from '../../src/usage/counter-mirror';
import { startTestApp, type TestApp } from '../support/app';
import { MeteringClient } from '../support/metering-client';
import { createTestDatabase, type TestDatabase, withClient } from '../support/postgres';
import { eventually } from '../support/processes';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis';
import { Rest } from '../support/rest';
import { PostgresProxy } from './postgres-proxy';

let database: TestDatabase;
let proxy: PostgresProxy;
let proxied: string;
let app: TestApp;
let admin: Rest;
let grpc: MeteringClient;

beforeAll(async () => {
  database = await createTestDatabase();
  const opened = await PostgresProxy.open(database.url);
  proxy = opened.proxy;
  proxied = opened.url;
  app = await startTestApp({ databaseUrl: proxied });
  admin = new Rest(app.rest, app.adminKey);
  grpc = new MeteringClient(app.grpc, app.adminKey);
  for (const policy of ['open', 'closed']) {
    const meter = { aggregation: 'sum', unit: 'calls', event_types: [policy], on_unavailable: policy };
    expect((await admin.put(`/api/v1/meters/${policy}`, meter)).status).toBe(200);
  }
});
afterEach(() => proxy.comeBack());
afterAll(async () => {
  grpc?.close();
  await app.close();
  await proxy.close();
  await database.drop();
});

const account = 'customer:acme';
const of = (...meters: string[]): object => ({ account, items: meters.map((meter) => ({ meter })) });
const post = (path: string, body: object, key: string) =>
  admin.send<Record<string, unknown>>('POST', path, {
    ...{ body, contentType: 'application/json', headers: { 'idempotency-key': key } },
  });
const counted = async (meter: string): Promise<string> => {
  const { rows } = await withClient(database.url, (client) =>
    client.query<{ sum: string }>(
      `select coalesce(sum(c.sum), 0)::int as sum from usage_counter c join meter m on m.id = c.meter_id
       where m.key = $1 and c.dims = ''`,
      [meter],
    ),
  );
  return String(rows[0]!.sum);
};

describe('while Postgres is away', () => {
  it('the meters of a request decide, and once it is back the same key counts once', async () => {
    expect((await post('/api/v1/consume', of('open', 'closed'), 'k0')).body).toMatchObject({
      ...{ status: 'recorded', counted: true, applied: null },
    });
    proxy.leave();
    const answers: Record<string, unknown[]> = {};
    for (const meters of [['open'], ['closed'], ['open', 'closed']]) {
      const { status, body } = await post('/api/v1/consume', of(...meters), meters.join());
      answers[meters.join()] = [status, body['status'], body['allowed'], body['counted'], body['applied']];
    }
    const told = (policy: string) => ({ on_unavailable: policy });
    expect(answers).toEqual({
      open: [200, 'unavailable', true, false, told('open')],
      closed: [200, 'unavailable', false, false, told('closed')],
      'open,closed': [200, 'unavailable', false, false, told('closed')],
    });
    expect((await post('/api/v1/check', of('open'), '')).body).toMatchObject({
      ...{ allowed: true, counted: false, applied: told('open'), items: [] },
    });
    expect((await post('/api/v1/check', of('closed'), '')).body).toMatchObject({ allowed: false });
    const granted = { account, items: [{ meter: 'open' }, { entitlement: 'sso' }] };
    expect((await post('/api/v1/check', granted, '')).body).toMatchObject({ allowed: false });
    const held = await post('/api/v1/reservations', of('open'), 'r1');
    expect([held.status, held.body]).toMatchObject([
      200,
      { id: null, state: 'unavailable', allowed: false, applied: told('closed') },
    ]);
    expect(await grpc.call('consume', { ...of('open'), idempotencyKey: 'open' })).toMatchObject({
      ...{ status: 'CONSUME_STATUS_UNAVAILABLE', allowed: true, counted: false },
      onUnavailable: 'ON_UNAVAILABLE_OPEN',
    });
    // A meter nobody has heard of has no policy that could be applied.
    expect((await post('/api/v1/consume', of('new'), 'k1')).status).toBe(503);
    expect(await counted('open')).toBe('1');

    proxy.comeBack();
    await eventually(async () => {
      const { body } = await post('/api/v1/consume', of('open'), 'open');
      return body['status'] !== 'unavailable';
    }, 'the same key is judged');
    expect((await post('/api/v1/consume', of('open'), 'open')).body).toMatchObject({
      ...{ status: 'duplicate', counted: true },
    });
    expect(await counted('open')).toBe('2');
    expect((await post('/api/v1/reservations', of('open'), 'r1')).body).toMatchObject({ state: 'open' });
  });

  it('an answer to the COMMIT that is lost is told by the same key', async () => {
    proxy.loseAnswerTo('commit');
    const first = await post('/api/v1/consume', of('open'), 'lost');
    expect([first.status, proxy.waits]).toEqual([200, false]);
    await eventually(async () => {
      const { body } = await post('/api/v1/consume', of('open'), 'lost');
      return body['status'] === 'duplicate';
    }, 'the same key says that it was counted');
    expect(await counted('open')).toBe('3');
  });
});

describeWithRedis('while Postgres is away and Redis remembers', () => {
  let redis: TestRedis;
  let mirrored: TestApp;
  let rest: Rest;
  beforeAll(async () => {
    redis = await startRedis();
    mirrored = await startTestApp({ databaseUrl: proxied, redisUrl: redis.url });
    rest = new Rest(mirrored.rest, mirrored.adminKey);
  });
  afterAll(async () => {
    await mirrored.close();
    await redis.remove();
  });

  it('a check tells how the meter stood, and as of when; its policy decides all the same', async () => {
    const items = (quantity: string) => ({
      account: 'customer:mirror',
      items: [{ meter: 'closed', quantity }],
    });
    expect((await rest.post('/api/v1/consume', items('3'))).body).toMatchObject({ status: 'recorded' });
    const copies = async (): Promise<unknown> => {
      const accounts = mirrored.app.get(AccountService);
      const payer = accounts.known(parseAccountKey('customer:mirror'))!;
      const { id } = mirrored.app.get(MeterService).currentCatalogue!.byKey.get('closed')!;
      return mirrored.app.get(CounterMirror).read(payer, [id], accounts.segmentAt(payer, Date.now()).from);
    };
    const check = async () => (await rest.post<Record<string, unknown>>('/api/v1/check', items('1'))).body;
    expect(await check()).toMatchObject({ allowed: true, as_of: null, items: [{ used: '3' }] });
    await eventually(async () => (await copies()) !== null, 'the copy is there');
    proxy.leave();
    expect(await check()).toMatchObject({
      as_of: expect.any(String),
      ...{ allowed: false, counted: false, applied: { on_unavailable: 'closed' } },
      items: [{ meter: 'closed', used: '3', limit: null, remaining: null }],
    });
    await redis.kill();
    expect(await check()).toMatchObject({ allowed: false, counted: false, as_of: null, items: [] });
  });
});
