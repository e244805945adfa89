import { connect, type ClientHttp2Session } from 'node:http2';
import { type TestApp, startTestApp } from '../support/app';
import { randomOf } from '../support/event-mix';
import { GitpodClient } from '../support/gitpod-client';
import { type Random, bytesOf, pick, spoilt } from '../support/garbage';
import { MeteringClient } from '../support/metering-client';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';
import { SEED } from '../support/seed';

/** Requests for each door; `npm run proof:fuzz` asks for many more. */
const REQUESTS = parseInt(process.env.FUZZ_REQUESTS ?? '400', 10);

const AT_ONCE = 16;

const event = {
  id: 'f',
  source: 's',
  account: 'org:fuzz',
  type: 'scans',
  quantity: '1',
  properties: { region: 'eu' },
};
const cloudEvent = {
  specversion: '1.0',
  id: 'f',
  source: 's',
  type: 'scans',
  subject: 'org:fuzz',
  data: { quantity: 1 },
};
const waybill = {
  event_type: 'deployment.started',
  project_id: '6f1c2d3e-0000-4000-8000-000000000001',
  resource_type: 'deployment',
  resource_id: '6f1c2d3e-0000-4000-8000-000000000002',
  metrics: { replicas: 1, cpu_millicores: 1, memory_mb: 1 },
  metadata: { a: 'b' },
};

const TEAM = 'team:6f1c2d3e-0000-4000-8000-000000000003';
const costCenter = { attributionId: TEAM, spendingLimit: 5, billingStrategy: 'BILLING_STRATEGY_OTHER' };
const listUsage = {
  attributionId: TEAM,
  userId: '',
  from: '2026-01-01T00:00:00Z',
  to: '2026-02-01T00:00:00Z',
  order: 'ORDERING_ASCENDING',
  pagination: { perPage: '5', page: '1' },
};
const creditNote = { attributionId: TEAM, credits: 3, description: 'd', userId: '' };
/** The same as the wire has it. */
const WIRE: readonly (readonly [rpc: string, request: object])[] = [
  ['GetCostCenter', { attributionId: TEAM }],
  ['GetBalance', { attributionId: TEAM }],
  ['SetCostCenter', { costCenter }],
  ['ListUsage', { ...listUsage, from: { seconds: '5', nanos: 0 }, to: { seconds: '9', nanos: 1 } }],
  ['ReconcileUsage', { from: { seconds: '5', nanos: 0 }, to: { seconds: '9', nanos: 1 } }],
  ['AddUsageCreditNote', creditNote],
];
const TWIN = '/api/v1/usage.v1.UsageService';

interface Door {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly type?: string;
}

const DOORS: readonly Door[] = [
  { method: 'POST', path: '/api/v1/events', body: event },
  {
    method: 'POST',
    path: '/api/v1/events',
    body: { events: [event, { ...event, id: 'g' }], backfill: true },
  },
  {
    method: 'POST',
    path: '/api/v1/events',
    body: { ...event, kind: 'amend', target: { id: 'f' }, reason: 'r' },
  },
  { method: 'POST', path: '/api/v1/events', body: cloudEvent, type: 'application/cloudevents+json' },
  { method: 'POST', path: '/api/v1/events', body: [cloudEvent], type: 'application/cloudevents-batch+json' },
  { method: 'POST', path: '/internal/events', body: waybill },
  { method: 'POST', path: '/internal/events/batch', body: { events: [waybill, waybill] } },
  {
    method: 'PUT',
    path: '/api/v1/meters/fuzz',
    body: { unit: 'u', aggregation: 'sum', dimensions: ['a'], filters: [{ property: 'b', values: ['c'] }] },
  },
  {
    method: 'PUT',
    path: '/api/v1/accounts/org:fuzzed',
    body: { name: 'n', time_zone: 'UTC', interval: 'month' },
  },
  { method: 'POST', path: '/api/v1/api-keys', body: { name: 'k', role: 'reader', accounts: ['org:fuzz'] } },
  {
    method: 'POST',
    path: '/api/v1/prices/calculate',
    body: { currency: 'USD', price: { model: 'per_unit', unit_amount: '1' }, usage: [{ quantity: '1' }] },
  },
  { method: 'POST', path: `${TWIN}/SetCostCenter`, body: { costCenter } },
  { method: 'POST', path: `${TWIN}/ListUsage`, body: listUsage },
  { method: 'POST', path: `${TWIN}/AddUsageCreditNote`, body: creditNote },
  {
    method: 'PUT',
    path: `/api/v1/accounts/${TEAM}/cost-center`,
    body: { strategy: 'other', spending_limit: 5, version: 1 },
  },
  {
    method: 'PUT',
    path: `/api/v1/accounts/${TEAM}/members`,
    body: { members: [{ user_id: 'u', role: 'owner', joined_at: '2026-01-01T00:00:00Z', email: 'a@b.org' }] },
  },
];

describe(`fuzzed doors (seed ${SEED})`, () => {
  let app: TestApp;

  beforeAll(async () => {
    // As many connections as an installation has: calls for one cost centre wait for each other.
    app = await startTestApp({ databasePoolSize: 16 });
  });
  afterAll(() => app.close());

  /** Everything stored hangs together, and the service still works. */
  async function expectWhole(): Promise<void> {
    const rest = new Rest(app.rest, app.adminKey);
    expect((await rest.get('/ready')).status).toBe(200);
    await withClient(app.databaseUrl, async (client) => {
      const { rows } = await client.query<Record<string, string>>(`
        select (select count(*) from usage_event) + (select count(*) from event_correction) as facts,
          (select count(*) from event_key) as keys`);
      expect(rows[0]!.facts).toBe(rows[0]!.keys);
    });
  }

  async function inParallel(work: (random: Random) => Promise<void>): Promise<void> {
    const worker = async (_: unknown, index: number): Promise<void> => {
      const random = randomOf(SEED + index);
      for (let i = index; i < REQUESTS; i += AT_ONCE) await work(random);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  it.each(DOORS.map((door, i) => [`${i} ${door.method} ${door.path} ${door.type ?? ''}`, door] as const))(
    '%s',
    async (_name, door) => {
      await inParallel(async (random) => {
        const body = bytesOf(spoilt(door.body, random), random);
        const type =
          random() < 0.02
            ? pick(['text/plain', 'application/xml', ''], random)
            : (door.type ?? 'application/json');
        const headers: Record<string, string> = { 'x-api-key': app.adminKey };
        if (type !== '') headers['content-type'] = type;
        const response = await fetch(app.rest + door.path, {
          method: door.method,
          headers,
          body: new Uint8Array(body),
        });
        const text = await response.text();
        if (response.status >= 500)
          throw new Error(`${response.status} for ${body.toString('utf8').slice(0, 500)}\n${text}`);
        if (response.status >= 400) expect(text).toMatch(/"(detail|error)":"[^"]/);
      });
      await expectWhole();
    },
    600_000,
  );

  it('queries with spoilt parameters', async () => {
    const good = {
      account: 'org:fuzz',
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-02T00:00:00Z',
      window: 'hour',
      group_by: 'a',
      limit: '5',
      cursor: 'x',
    };
    await inParallel(async (random) => {
      const spoiltQuery = spoilt(good, random) as Record<string, unknown> | null;
      const query = new URLSearchParams(
        Object.entries(spoiltQuery ?? {}).map(([name, value]): [string, string] => [
          name,
          typeof value === 'string' ? value : (JSON.stringify(value) ?? ''),
        ]),
      );
      const path = pick(
        [
          '/api/v1/meters/scans/usage',
          '/api/v1/events',
          '/api/v1/meters',
          '/api/v1/accounts',
          '/api/v1/calendar',
          `/api/v1/accounts/${TEAM}/usage-entries`,
        ],
        random,
      );
      const { status } = await new Rest(app.rest, app.adminKey).get(`${path}?${query.toString()}`);
      if (status >= 500) throw new Error(`${status} for ${path}?${query.toString()}`);
    });
  }, 600_000);

  it('metering.v1 with spoilt messages', async () => {
    const client = new MeteringClient(app.grpc, app.adminKey);
    const good = {
      events: [{ ...event, properties: { fields: { region: { stringValue: 'eu' } } }, target: null }],
      batchId: 'b',
    };
    const allowed = [3, 7, 8, 9, 11];
    await inParallel(async (random) => {
      const request = spoilt(good, random);
      try {
        await client.recordEvents(typeof request === 'object' && request !== null ? request : {});
      } catch (error) {
        const { code, details } = error as { code?: number; details?: string };
        // The client itself may be unable to write such a message.
        if (details?.includes('serialization failure')) return;
        if (code !== undefined && !allowed.includes(code))
          throw new Error(`${code} for ${JSON.stringify(request)}`);
      }
    });
    client.close();
    await expectWhole();
  }, 600_000);

  it('usage.v1 with spoilt messages', async () => {
    const client = new GitpodClient(app.grpc, { key: app.adminKey });
    const allowed = [0, 3, 5, 8, 9];
    await inParallel(async (random) => {
      const [rpc, good] = pick(WIRE, random);
      const request = spoilt(good, random);
      const sent = typeof request === 'object' && request !== null ? request : {};
      const { code, details } = await client.call(['UsageService', rpc], sent);
      // The client itself may be unable to write such a message.
      if (allowed.includes(code) || details.includes('serialization failure')) return;
      throw new Error(`${code} ${details} for ${rpc} ${JSON.stringify(request)}`);
    });
    client.close();
    await expectWhole();
  }, 600_000);

  it('metering.v1 with bytes that are no message', async () => {
    const session = connect(`http://${app.grpc}`);
    const random = randomOf(SEED);
    for (let i = 0; i < REQUESTS; i++) {
      const status = await rawCall(session, app.adminKey, garbledFrame(random));
      if (!['0', '3', '8', '12', '13'].includes(status))
        throw new Error(`grpc-status ${status} (seed ${SEED}, call ${i})`);
    }
    session.close();
    await expectWhole();
  }, 600_000);
});

/** A length-prefixed message of random bytes, whose length now and then lies. */
function garbledFrame(random: Random): Buffer {
  const message = Buffer.from(
    Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256)),
  );
  const head = Buffer.alloc(5);
  head.writeUInt8(random() < 0.05 ? 1 : 0, 0);
  head.writeUInt32BE(random() < 0.1 ? Math.floor(random() * 2 ** 32) : message.length, 1);
  return Buffer.concat([head, message]);
}

/** The grpc-status of one call of raw bytes; 13 where the server ended the stream without one. */
function rawCall(session: ClientHttp2Session, key: string, frame: Buffer): Promise<string> {
  return new Promise((done) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/metering.v1.MeteringService/RecordEvents',
      'content-type': 'application/grpc',
      te: 'trailers',
      'x-api-key': key,
    });
    let status = '13';
    const read = (headers: Record<string, string | string[] | number | undefined>): void => {
      const sent = headers['grpc-status'];
      if (typeof sent === 'string' || typeof sent === 'number') status = `${sent}`;
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('error', () => undefined);
    stream.on('close', () => done(status));
    stream.resume();
    stream.end(frame);
  });
}
