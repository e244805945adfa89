import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { startTestApp, type TestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';

interface Verdict {
  id: string;
  status: string;
  event_id: string;
  fields?: string[];
}

type Body = Record<string, unknown>;

let app: TestApp;
let admin: Rest;

beforeAll(async () => {
  app = await startTestApp();
  admin = new Rest(app.rest, app.adminKey);
});
afterAll(() => app.close());

async function send(events: readonly unknown[]): Promise<Verdict[]> {
  const { status, body } = await admin.post<{ verdicts: Verdict[] }>('/api/v1/events', { events });
  expect(status).toBe(200);
  return body.verdicts;
}

const statuses = (verdicts: readonly Verdict[]): string[] => verdicts.map(({ status }) => status);

/** Everything stored of one account: how many events, how many keys, and what its counters add up to. */
async function booksOf(account: string): Promise<{ events: number; keys: number; sum: string }> {
  return withClient(app.databaseUrl, async (client) => {
    const { rows } = await client.query<{ events: number; keys: number; sum: string }>(
      `select (select count(*)::int from usage_event where account_id = a.id) as events,
              (select count(*)::int from event_key where account_id = a.id) as keys,
              (select coalesce(trim_scale(sum(sum)), 0)::text from usage_counter where account_id = a.id) as sum
       from account a where key = $1`,
      [account],
    );
    return rows[0] ?? { events: 0, keys: 0, sum: '0' };
  });
}

const AT = new Date(Date.now() - 3_600_000).toISOString().slice(0, 19);

/** Changes of one event, and the fields in which it then differs; none = the same said in other words. */
const CHANGES: Readonly<Record<string, { change: Body; fields: string[] }>> = {
  'another quantity': { change: { quantity: '8' }, fields: ['quantity'] },
  'no quantity': { change: { quantity: undefined }, fields: ['quantity'] },
  'the same quantity with zeros': { change: { quantity: '7.500' }, fields: [] },
  'another resource': { change: { resource: 'vm-2' }, fields: ['resource'] },
  'no resource': { change: { resource: undefined }, fields: ['resource'] },
  'another type': { change: { type: 'scans' }, fields: ['type'] },
  'another time': { change: { occurred_at: `${AT}.001Z` }, fields: ['occurred_at'] },
  'the same time of another zone': { change: { occurred_at: `${AT}-00:00` }, fields: [] },
  'no time': { change: { occurred_at: undefined }, fields: ['occurred_at'] },
  'another property': {
    change: { properties: { zone: 'b', region: 'eu' } },
    fields: ['properties.zone'],
  },
  'one property more': {
    change: { properties: { region: 'eu', zone: 'a', tier: 1 } },
    fields: ['properties.tier'],
  },
  'properties in another order': { change: { properties: { zone: 'a', region: 'eu' } }, fields: [] },
  'another subject': { change: { subject: { id: 'u-2' } }, fields: ['subject'] },
};

const original = (id: string, account: string): Body => ({
  id,
  account,
  type: 'api_requests',
  quantity: '7.5',
  resource: 'vm-1',
  occurred_at: `${AT}Z`,
  properties: { region: 'eu', zone: 'a' },
  subject: { id: 'u-1' },
});

describe('row 6: the same id with another payload', () => {
  it('is refused with the fields that differ, and the first value stays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...Object.keys(CHANGES)), { minLength: 1, maxLength: 40 }),
        async (names) => {
          const account = `org:${randomUUID()}`;
          const first = names.map((_, i) => original(`id-${i}`, account));
          const second = names.map((name, i) => ({ ...first[i], ...CHANGES[name]!.change }));
          expect(new Set(statuses(await send(first)))).toEqual(new Set(['recorded']));
          const verdicts = await send(second);
          expect(verdicts.map(({ status, fields }) => [status, fields])).toEqual(
            names.map((name) => {
              const { fields } = CHANGES[name]!;
              return fields.length > 0 ? ['conflict', fields] : ['duplicate', undefined];
            }),
          );
          expect(new Set(statuses(await send(first)))).toEqual(new Set(['duplicate']));
          const sum = String(7.5 * names.length);
          expect(await booksOf(account)).toEqual({ events: names.length, keys: names.length, sum });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is a 409 of its request when it comes alone', async () => {
    const account = `org:${randomUUID()}`;
    await admin.post('/api/v1/events', original('alone', account));
    for (const [name, { change, fields }] of Object.entries(CHANGES)) {
      const { status, body } = await admin.post<{ errors?: { field: string }[] }>('/api/v1/events', {
        ...original('alone', account),
        ...change,
      });
      expect([name, status, body.errors?.map(({ field }) => field) ?? []]).toEqual([
        name,
        fields.length > 0 ? 409 : 200,
        fields,
      ]);
    }
    expect(await booksOf(account)).toEqual({ events: 1, keys: 1, sum: '7.5' });
  });
});

/** A UUIDv7 of a time in the past; one of next year would be refused. */
function uuidOf([random, at]: [string, number]): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${random.slice(13)}`;
}

describe('row 7: the same id of two accounts', () => {
  it('is two events, and of two sources as well', async () => {
    const id = fc.oneof(
      fc.tuple(fc.uuid({ version: 7 }), fc.nat({ max: Date.now() })).map(uuidOf),
      fc.uuid({ version: 4 }),
      fc.stringMatching(/^[ -~]{1,60}$/),
    );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(id, { minLength: 1, maxLength: 20 }), async (ids) => {
        const accounts = [`org:${randomUUID()}`, `team:${randomUUID()}`];
        const events = ids.flatMap((each) =>
          accounts.flatMap((account) =>
            ['', 'eu-west'].map((source) => ({ id: each, source, account, type: 'scans', quantity: '2' })),
          ),
        );
        const first = await send(events);
        expect(statuses(first)).toEqual(events.map(() => 'recorded'));
        const again = await send([...events].reverse());
        expect(statuses(again)).toEqual(events.map(() => 'duplicate'));
        expect(again.reverse().map(({ event_id }) => event_id)).toEqual(
          first.map(({ event_id }) => event_id),
        );
        for (const account of accounts) {
          const count = ids.length * 2;
          expect(await booksOf(account)).toEqual({ events: count, keys: count, sum: String(count * 2) });
        }
      }),
      { numRuns: 15 },
    );
  });
});

/** What a batch may be made of, and the verdict each must get whatever stands around it. */
const SHAPES: Readonly<Record<string, { body: (i: number, account: string) => unknown; status: string }>> = {
  good: {
    body: (i, account) => ({ id: `good-${i}`, account, type: 'scans', quantity: '3' }),
    status: 'recorded',
  },
  'unknown meter': {
    body: (i, account) => ({ id: `meter-${i}`, account, type: 'nobody' }),
    status: 'refused',
  },
  'no account': { body: (i) => ({ id: `nobody-${i}`, type: 'scans' }), status: 'refused' },
  'unknown field': {
    body: (i, account) => ({ id: `field-${i}`, account, type: 'scans', colour: 'red' }),
    status: 'refused',
  },
  'an exponent': {
    body: (i, account) => ({ id: `exponent-${i}`, account, type: 'scans', quantity: '1e3' }),
    status: 'refused',
  },
  'too much': {
    body: (i, account) => ({ id: `much-${i}`, account, type: 'scans', quantity: '1000000000000001' }),
    status: 'refused',
  },
  'too old': {
    body: (i, account) => ({ id: `old-${i}`, account, type: 'scans', occurred_at: '2020-01-01T00:00:00Z' }),
    status: 'refused',
  },
  'no object': { body: (i) => [null, 7, 'event', [], true][i % 5], status: 'refused' },
  'a void of nothing': {
    body: (i, account) => ({ kind: 'void', id: `void-${i}`, account, target: { id: `unheard-${i}` } }),
    status: 'refused',
  },
};

describe('row 9: a batch with bad events', () => {
  it('answers for each record in its place, and stores exactly what it says it stored', async () => {
    const shape = fc.constantFrom(...Object.keys(SHAPES));
    await fc.assert(
      fc.asyncProperty(
        fc.array(shape, { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat({ max: 59 }), { maxLength: 10 }),
        async (names, twins) => {
          const account = `org:${randomUUID()}`;
          const bodies = names.map((name, i) => SHAPES[name]!.body(i, account));
          const repeated = twins.filter((place) => names[place] === 'good').map((place) => bodies[place]);
          const verdicts = await send([...bodies, ...repeated]);
          expect(statuses(verdicts)).toEqual([
            ...names.map((name) => SHAPES[name]!.status),
            ...repeated.map(() => 'duplicate'),
          ]);
          const good = names.filter((name) => name === 'good').length;
          expect(await booksOf(account)).toEqual({ events: good, keys: good, sum: String(good * 3) });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('stores nothing of an all-or-nothing batch that contradicts itself', async () => {
    const project = randomUUID();
    const volume = (size: number): Body => ({
      event_type: 'volume.created',
      project_id: project,
      resource_type: 'volume',
      resource_id: '6f1c2d3e-0000-4000-8000-000000000002',
      metrics: { size_gb: size },
      idempotency_key: 'one-key',
    });
    for (const events of [
      [volume(1), volume(2)],
      [volume(1), volume(1), volume(2)],
    ]) {
      const { status, body } = await admin.post<Body>('/internal/events/batch', { events });
      expect([status, body['error']]).toEqual([409, expect.stringContaining('differs in quantity')]);
      expect(await booksOf(`project:${project}`)).toMatchObject({ events: 0, keys: 0 });
    }
    const same = await admin.post<Body>('/internal/events/batch', { events: [volume(1), volume(1)] });
    expect([same.status, same.body]).toEqual([201, { recorded: 2 }]);
    expect(await booksOf(`project:${project}`)).toMatchObject({ events: 1, keys: 1 });
  });

  it('is all or nothing on the door whose clients expect that', async () => {
    const started = (key: string, more: Body = {}): Body => ({
      event_type: 'domain.added',
      project_id: project,
      resource_type: 'domain',
      resource_id: '6f1c2d3e-0000-4000-8000-000000000002',
      metrics: {},
      idempotency_key: key,
      ...more,
    });
    const project = randomUUID();
    const bad = [
      { event_type: 'domain.eaten' },
      { timestamp: '2020-01-01T00:00:00Z' },
      { metrics: { x: -1 } },
    ];
    const place = fc.tuple(fc.nat({ max: 30 }), fc.constantFrom(...bad));
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 31 }), async ([at, change], count) => {
        const events = Array.from({ length: count }, (_, i) => started(randomUUID(), i === at ? change : {}));
        const before = await booksOf(`project:${project}`);
        const { status, body } = await admin.post<Body>('/internal/events/batch', { events });
        const after = await booksOf(`project:${project}`);
        if (at < count) {
          expect([status, body['error']]).toEqual([400, expect.stringContaining(`events[${at}]`)]);
          expect(after).toEqual(before);
        } else {
          expect([status, body]).toEqual([201, { recorded: count }]);
          expect(after.events).toBe(before.events + count);
        }
      }),
      { numRuns: 25 },
    );
  });
});
