import { startTestApp, type TestApp } from '../support/app';
import { MeteringClient } from '../support/metering-client';
import { createTestDatabase, type TestDatabase, withClient } from '../support/postgres';
import { eventually } from '../support/processes';
import { Rest } from '../support/rest';
import { PostgresProxy } from './postgres-proxy';

let database: TestDatabase;
let proxy: PostgresProxy;
let app: TestApp;
let admin: Rest;
let grpc: MeteringClient;

beforeAll(async () => {
  database = await createTestDatabase();
  const opened = await PostgresProxy.open(database.url);
  proxy = opened.proxy;
  app = await startTestApp({ databaseUrl: opened.url });
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
