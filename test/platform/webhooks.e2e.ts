import { createHmac } from 'node:crypto';
import { BillingEvents } from '../../src/platform/billing-events/billing-events.service';
import { Clock } from '../../src/platform/clock';
import { OutboxWorker } from '../../src/platform/outbox/outbox-worker.service';
import { Database } from '../../src/platform/transaction';
import { startTestApp, type TestApp } from '../support/app';
import { withClient } from '../support/postgres';
import { Receiver, type Received } from '../support/receiver';
import { Rest } from '../support/rest';

interface Endpoint {
  id: string;
  secret: string;
  enabled: boolean;
  disabled_reason: string | null;
  types: string[];
}
interface Delivery {
  event_id: string;
  attempt: number;
  status_code: number | null;
  error: string | null;
}

const ENDPOINTS = '/api/v1/webhook-endpoints';

let app: TestApp;
let admin: Rest;
let receiver: Receiver;

beforeAll(async () => {
  app = await startTestApp({ webhookAllowPrivate: true, webhookAllowHttp: true });
  admin = new Rest(app.rest, app.adminKey);
  receiver = await Receiver.start();
});
afterAll(async () => {
  await receiver?.stop();
  await app?.close();
});
beforeEach(async () => {
  receiver.received.length = 0;
  receiver.answers.length = 0;
  receiver.behave = null;
  await withClient(app.databaseUrl, (client) =>
    client.query('truncate webhook_endpoint, webhook_delivery, outbox'),
  );
});

async function accountOf(key: string): Promise<{ id: number; bucket: number }> {
  await admin.put(`/api/v1/accounts/${encodeURIComponent(key)}`, {});
  const database = app.app.get(Database);
  const [row] = await database.query<{ id: string; bucket: number }>(
    'select id, bucket from account where key = $1',
    [key],
  );
  return { id: Number(row!.id), bucket: row!.bucket };
}

let keys = 0;

async function happened(type: string, data: object = {}, account = 'org:acme'): Promise<string> {
  const who = await accountOf(account);
  const write = { type, key: `key-${++keys}`, data: data as Record<string, unknown> };
  return (await app.app.get(Database).transaction((tx) => app.app.get(BillingEvents).emit(tx, who, write)))!;
}

async function endpoint(body: object = {}): Promise<Endpoint> {
  const answer = await admin.post<Endpoint>(ENDPOINTS, { url: receiver.url(), ...body });
  expect(answer.status).toBe(201);
  return answer.body;
}

const run = () => app.app.get(OutboxWorker).runDue();
const makeDue = () =>
  withClient(app.databaseUrl, (client) =>
    client.query(`update outbox set due_at = now() where state = 'due'`),
  );
const deliveries = async (id: string): Promise<Delivery[]> =>
  (await admin.get<{ items: Delivery[] }>(`${ENDPOINTS}/${id}/deliveries`)).body.items.reverse();

/** What a reader of Standard Webhooks does with a call, out of the specification and none of our code. */
function isSigned({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const text = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const expected = `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(expected);
}

describe('an event', () => {
  it('is told to whoever asked for its type, signed so that a reader can prove it', async () => {
    const [all, invoices, plans] = [
      await endpoint({ url: receiver.url('/all') }),
      await endpoint({ url: receiver.url('/invoices'), types: ['invoice.*'] }),
      await endpoint({ url: receiver.url('/plans'), types: ['plan.changed'] }),
    ];
    const id = await happened('invoice.paid', { amount: '12.50' });
    expect(await run()).toMatchObject({ done: 2 });
    expect(receiver.received.map(({ path }) => path).sort()).toEqual(['/all', '/invoices']);
    const secrets: Record<string, string> = { '/all': all.secret, '/invoices': invoices.secret };
    for (const call of receiver.received) {
      expect(call.headers).toMatchObject({ 'webhook-id': id, 'content-type': 'application/json' });
      expect(
        Math.abs(Date.now() / 1000 - parseInt(String(call.headers['webhook-timestamp']), 10)),
      ).toBeLessThan(60);
      expect(isSigned(call, secrets[call.path]!)).toBe(true);
      expect(isSigned(call, plans.secret)).toBe(false);
      expect(isSigned({ ...call, body: call.body.replace('12.50', '1.00') }, secrets[call.path]!)).toBe(
        false,
      );
      expect(JSON.parse(call.body)).toEqual({
        ...{ id, type: 'invoice.paid', account: 'org:acme', data: { amount: '12.50' } },
        timestamp: expect.any(String),
      });
    }
  });

  it('told twice is one, and is not told when its transaction is undone', async () => {
    await endpoint();
    const who = await accountOf('org:acme');
    const [database, events] = [app.app.get(Database), app.app.get(BillingEvents)];
    const write = { type: 'plan.changed', key: `key-${++keys}`, data: {} };
    expect(await events.emit(database, who, write)).not.toBeNull();
    expect(await events.emit(database, who, write)).toBeNull();
    const undone = database.transaction(async (tx) => {
      await events.emit(tx, who, { ...write, key: `key-${++keys}` });
      throw new Error('no');
    });
    await expect(undone).rejects.toThrow('no');
    await run();
    expect(receiver.received).toHaveLength(1);
    await expect(events.emit(database, who, { ...write, type: 'Not a type' })).rejects.toThrow(TypeError);
  });

  it('is told again after a failure under the same id, and every attempt is written down', async () => {
    const { id: made, secret } = await endpoint();
    receiver.answers.push(500, 302);
    const id = await happened('invoice.paid');
    for (const outcome of [{ postponed: 1 }, { postponed: 1 }, { done: 1 }]) {
      expect(await run()).toMatchObject(outcome);
      await makeDue();
    }
    await run();
    // A redirect is not followed: three attempts are three calls.
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hooks', '/hooks', '/hooks']);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]));
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(receiver.received.every((call) => isSigned(call, secret))).toBe(true);
    expect(await deliveries(made)).toMatchObject([
      { event_id: id, attempt: 1, status_code: 500, error: null },
      { event_id: id, attempt: 2, status_code: 302 },
      { event_id: id, attempt: 3, status_code: 200 },
    ]);
  });

  it('is told no more to an endpoint that says it is gone, and the trail says why', async () => {
    const { id } = await endpoint();
    receiver.answers.push(410);
    await happened('invoice.paid');
    expect(await run()).toMatchObject({ done: 1 });
    await happened('invoice.paid');
    await run();
    expect(receiver.received).toHaveLength(1);
    expect((await admin.get<Endpoint>(`${ENDPOINTS}/${id}`)).body).toMatchObject({
      ...{ enabled: false, disabled_reason: 'the endpoint answered 410 Gone' },
    });
    const { body } = await admin.get<{ items: object[] }>('/api/v1/audit?limit=1');
    expect(body.items).toMatchObject([{ actor: 'webhooks', action: 'webhook-endpoint.disabled' }]);
    const again = await admin.send<Endpoint>('PATCH', `${ENDPOINTS}/${id}`, {
      ...{ body: { enabled: true }, contentType: 'application/json' },
    });
    expect(again.body).toMatchObject({ enabled: true, disabled_reason: null });
  });

  it('is given up when nobody ever answers, shown, and tried anew by hand', async () => {
    await endpoint();
    await happened('invoice.paid');
    receiver.answers.push(500);
    await withClient(app.databaseUrl, (client) => client.query('update outbox set attempts = 11'));
    expect(await run()).toMatchObject({ parked: 1 });
    interface Parked {
      items: { id: string; account: string; last_error: string }[];
    }
    const { items } = (await admin.get<Parked>('/api/v1/outbox?state=parked')).body;
    expect(items).toMatchObject([{ account: 'org:acme', last_error: 'the endpoint answered 500' }]);
    const retry = `/api/v1/outbox/${items[0]!.id}/retry`;
    const narrow = await keyFor(['operations:read', 'operations:write'], ['org:other']);
    expect((await narrow.get<Parked>('/api/v1/outbox')).body.items).toEqual([]);
    expect((await narrow.send('POST', retry)).status).toBe(404);
    expect(await admin.send('POST', retry)).toMatchObject({
      status: 200,
      body: { state: 'due', attempts: 0 },
    });
    expect((await admin.send('POST', retry)).status).toBe(409);
    expect(await run()).toMatchObject({ done: 1 });
    expect((await admin.get<Parked>('/api/v1/outbox')).body.items).toEqual([]);
  });
});

describe('a replay', () => {
  it('tells again of events by name, or from one on, of the types that are asked for', async () => {
    const ids = [
      await happened('invoice.paid'),
      await happened('plan.changed'),
      await happened('invoice.paid'),
    ];
    const { id } = await endpoint({ types: ['invoice.*'] });
    const replay = (body: object) => admin.post(`${ENDPOINTS}/${id}/replay`, body);
    expect(await replay({ events: [ids[0], ids[1]] })).toMatchObject({
      status: 202,
      body: { queued: 1, next: null },
    });
    await run();
    expect(await replay({ from: ids[0] })).toMatchObject({ body: { queued: 2, next: null } });
    await run();
    const heard = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(heard.sort()).toEqual([ids[0], ids[0], ids[2]].sort());
    expect(await replay({ from: ids[0] })).toMatchObject({ body: { queued: 2 } });
  });

  it.each<[object, string]>([
    [{}, 'from'],
    [{ events: [], from: undefined }, 'events'],
    [{ events: ['x'] }, 'events[0]'],
    [
      { from: '01890000-0000-7000-8000-000000000000', events: ['01890000-0000-7000-8000-000000000000'] },
      'from',
    ],
    [{ since: 'ever' }, 'since'],
  ])('refuses %j, naming %s', async (body, field) => {
    const { id } = await endpoint();
    const answer = await admin.post<{ errors: { field: string }[] }>(`${ENDPOINTS}/${id}/replay`, body);
    expect([answer.status, answer.body.errors.map((error) => error.field)]).toEqual([
      400,
      expect.arrayContaining([field]),
    ]);
  });
});

describe('a secret', () => {
  it('is changed at leisure: for a day both sign', async () => {
    const { id, secret } = await endpoint();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const rotated = await admin.send<Endpoint>('POST', `${ENDPOINTS}/${id}/rotate-secret`);
    expect([rotated.status, rotated.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(rotated.body.secret).not.toBe(secret);
    await happened('invoice.paid');
    await run();
    expect([secret, rotated.body.secret].map((one) => isSigned(receiver.received[0]!, one))).toEqual([
      true,
      true,
    ]);
    const later = new Date(Date.now() + 25 * 3_600_000);
    const clock = jest.spyOn(app.app.get(Clock), 'now').mockReturnValue(later);
    await happened('invoice.paid');
    await run();
    clock.mockRestore();
    expect([secret, rotated.body.secret].map((one) => isSigned(receiver.received[1]!, one))).toEqual([
      false,
      true,
    ]);
  });

  it('is shown once and nowhere stored as it is', async () => {
    const { id, secret } = await endpoint();
    await admin.send('POST', `${ENDPOINTS}/${id}/rotate-secret`);
    const shown = [
      await admin.get(`${ENDPOINTS}/${id}`),
      await admin.get(ENDPOINTS),
      await admin.get('/api/v1/audit'),
    ];
    expect(JSON.stringify(shown.map(({ body }) => body))).not.toContain(secret.slice(6));
    const { rows } = await withClient(app.databaseUrl, (client) =>
      client.query(`select encode(secret, 'escape') as stored from webhook_endpoint`),
    );
    expect(JSON.stringify(rows)).not.toContain('whsec_');
  });
});

async function keyFor(scopes: string[], accounts: string[]): Promise<Rest> {
  const { body } = await admin.post<{ key: string }>('/api/v1/api-keys', { name: 'test', scopes, accounts });
  return new Rest(app.rest, body.key);
}

describe('an endpoint', () => {
  it.each<[object, string]>([
    [{}, 'url'],
    [{ url: 'nowhere' }, 'url'],
    [{ url: 'ftp://example.com/' }, 'url'],
    [{ url: 'https://me:secret@example.com/' }, 'url'],
    [{ url: `https://example.com/${'x'.repeat(2_000)}` }, 'url'],
    [{ url: 'https://example.com/', types: [] }, 'types'],
    [{ url: 'https://example.com/', types: ['Invoice.Paid'] }, 'types[0]'],
    [{ url: 'https://example.com/', description: 'a\u0000b' }, 'description'],
    [{ url: 'https://example.com/', secret: 'mine' }, 'secret'],
  ])('is refused: %j, naming %s', async (body, field) => {
    const answer = await admin.post<{ errors: { field: string }[] }>(ENDPOINTS, body);
    expect([answer.status, answer.body.errors[0]!.field]).toEqual([400, field]);
  });

  it('is for who acts for all accounts, because it hears of all of them', async () => {
    const { id } = await endpoint();
    const narrow = await keyFor(['webhooks:read', 'webhooks:write'], ['org:acme']);
    expect((await narrow.get(ENDPOINTS)).status).toBe(403);
    expect((await narrow.get(`${ENDPOINTS}/${id}`)).status).toBe(403);
    expect((await narrow.get(`${ENDPOINTS}/${id}/deliveries`)).status).toBe(403);
    expect((await narrow.post(ENDPOINTS, { url: receiver.url() })).status).toBe(403);
    expect((await narrow.send('DELETE', `${ENDPOINTS}/${id}`)).status).toBe(403);
    expect((await narrow.send('POST', `${ENDPOINTS}/${id}/rotate-secret`)).status).toBe(403);
    expect((await narrow.post(`${ENDPOINTS}/${id}/replay`, { from: id })).status).toBe(403);
  });

  it('is gone when it was removed, with what was due to it', async () => {
    const { id } = await endpoint();
    await happened('invoice.paid');
    expect((await admin.send('DELETE', `${ENDPOINTS}/${id}`)).status).toBe(204);
    expect((await admin.send('DELETE', `${ENDPOINTS}/${id}`)).status).toBe(404);
    expect(await run()).toMatchObject({ done: 1 });
    expect(receiver.received).toEqual([]);
    for (const path of ['', '/deliveries'])
      expect((await admin.get(`${ENDPOINTS}/${id}${path}`)).status).toBe(404);
    expect((await admin.get(`${ENDPOINTS}/no-uuid`)).status).toBe(400);
    const nothing = { body: {}, contentType: 'application/json' };
    expect((await admin.send('PATCH', `${ENDPOINTS}/${id}`, nothing)).status).toBe(400);
  });
});

describe('GET /api/v1/billing-events', () => {
  it('shows all there ever were, newest first, each caller his own', async () => {
    const ids = [
      await happened('grant.issued', { amount: '5' }, 'org:one'),
      await happened('grant.expired', {}, 'org:two'),
      await happened('grant.issued', {}, 'org:two'),
    ];
    interface Page {
      items: { id: string; account: string }[];
      next_cursor: string | null;
    }
    const list = async (query: string, rest = admin) =>
      (await rest.get<Page>(`/api/v1/billing-events?${query}`)).body;
    const first = await list('type=grant.*&limit=2');
    expect(first.items.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    const second = await list(`type=grant.*&limit=2&cursor=${first.next_cursor!}`);
    expect([second.items.map(({ id }) => id), second.next_cursor]).toEqual([[ids[0]], null]);
    expect((await list('type=grant.issued&account=org:two')).items.map(({ id }) => id)).toEqual([ids[2]]);
    const narrow = await keyFor(['billing:read'], ['org:one']);
    expect((await list('', narrow)).items).toMatchObject([{ id: ids[0], account: 'org:one' }]);
    expect((await narrow.get('/api/v1/billing-events?account=org:two')).status).toBe(403);
    for (const query of ['type=a b', 'account=x', 'limit=501', 'cursor=x', 'since=1'])
      expect((await admin.get(`/api/v1/billing-events?${query}`)).status).toBe(400);
    const change = app.app.get(Database).query('delete from billing_event');
    await expect(change).rejects.toThrow(/append-only|permission denied/);
  });
});
