import { startTestApp, type TestApp } from '../support/app';
import { BillingWorld } from '../support/billing-world';

let world: BillingWorld;
let accounts = 0;

beforeAll(async () => {
  world = await BillingWorld.at('2030-06-15T00:00:00Z');
});
afterAll(() => world.close());

interface Clock {
  id: string;
  now: string;
  code?: string;
}

const CLOCKS = '/api/v1/test-clocks';

/** A clock that stands at the beginning of 2025, and an account that lives by it. */
async function clocked(calendar: object = {}): Promise<{ id: string; key: string }> {
  const { body } = await world.admin.post<Clock>(CLOCKS, { name: 'test', now: '2025-01-01T00:00:00Z' });
  const key = `project:clocked-${++accounts}`;
  await world.account(key, calendar);
  await world.admin.post(`${CLOCKS}/${body.id}/accounts`, { account: key });
  return { id: body.id, key };
}

const advance = (id: string, now: string) => world.admin.post<Clock>(`${CLOCKS}/${id}/advance`, { now });

describe('a test clock', () => {
  it('moves, and what falls due on the way is done at its own time', async () => {
    const { id, key } = await clocked({ anchor: '2025-01-31T00:00:00Z' });
    await world.subscribe(key, { plan: 'hobby' });
    await world.grant(key, { amount: '8.00', expires_at: '2025-03-15T00:00:00Z' });
    expect((await advance(id, '2025-05-01T00:00:00Z')).body.now).toBe('2025-05-01T00:00:00.000Z');
    const invoices = await world.invoices(key);
    // The first period ends on the anchor's day; the others on the last day of short months.
    expect(
      invoices.map(({ period_start, total, paid_by_grants }) => [
        period_start.slice(0, 10),
        total,
        paid_by_grants,
      ]),
    ).toEqual([
      ['2024-12-31', '4.84', '4.84'],
      ['2025-01-31', '5.00', '3.16'],
      ['2025-02-28', '5.00', '0.00'],
      ['2025-03-31', '5.00', '0.00'],
    ]);
  });

  it('renews allowances and charges what runs, month by month, at its own time', async () => {
    const { id, key } = await clocked();
    await world.admin.put(`/api/v1/accounts/${key}/cost-center`, { strategy: 'other', spending_limit: 10 });
    await advance(id, '2025-01-31T22:00:00Z');
    await world.record(key, [
      { type: 'workspace_instance.started', at: '2025-01-31T22:00:00Z', resource: 'one' },
    ]);
    // At ten credits an hour it costs 20 in January, 240 a day in February, and 10 in March: 10 are forgiven a month.
    await advance(id, '2025-03-01T01:00:00Z');
    const { body } = await world.admin.get<{ items: { name: string; with_pending: string }[] }>(
      `/api/v1/accounts/${key}/balance`,
    );
    const owed = body.items.find(({ name }) => name === 'receivable')!.with_pending;
    expect(owed).toBe('6730.00');
    const versions = await world.admin.get<{ items: { cause: string; cycle_start: string }[] }>(
      `/api/v1/accounts/${key}/cost-center/versions`,
    );
    expect(versions.body.items.map(({ cause, cycle_start }) => [cause, cycle_start.slice(0, 10)])).toEqual([
      ['reset', '2025-03-01'],
      ['reset', '2025-02-01'],
      ['set', '2025-01-01'],
      ['made', '2025-01-01'],
    ]);
  });

  it('is the time of events, too', async () => {
    const { id, key } = await clocked();
    await world.subscribe(key, { plan: 'hobby' });
    await advance(id, '2025-01-20T12:00:00Z');
    const event = (name: string, at?: string) => ({
      ...{ id: name, account: key, type: 'bandwidth.usage', quantity: '200' },
      ...(at === undefined ? {} : { occurred_at: at }),
    });
    const { body } = await world.admin.post<{ verdicts: { status: string }[] }>('/api/v1/events', {
      events: [event('now'), event('ahead', '2025-01-21T00:00:00Z')],
    });
    expect(body.verdicts.map(({ status }) => status)).toEqual(['recorded', 'refused']);
    await advance(id, '2025-02-01T01:00:00Z');
    expect((await world.invoices(key)).map(({ total }) => total)).toEqual(['15.00']);
  });

  it('leaves everybody else alone', async () => {
    const { id } = await clocked();
    await world.account('project:real');
    await world.subscribe('project:real', { plan: 'hobby' });
    await advance(id, '2026-01-01T00:00:00Z');
    expect(await world.invoices('project:real')).toEqual([]);
    const { key } = await clocked();
    await world.subscribe(key, { plan: 'hobby' });
    await world.runAt('2030-08-01T02:00:00Z');
    expect(await world.invoices(key)).toEqual([]);
    expect((await world.invoices('project:real')).length).toBe(2);
    world.itIs('2030-06-15T00:00:00Z');
  });

  it('does not go back, nor too far at once', async () => {
    const { id } = await clocked();
    expect((await advance(id, '2024-12-31T00:00:00Z')).status).toBe(400);
    expect((await advance(id, '2028-01-01T00:00:00Z')).status).toBe(400);
    expect((await advance(id, 'soon')).status).toBe(400);
    expect((await world.admin.get<Clock>(`${CLOCKS}/${id}`)).body.now).toBe('2025-01-01T00:00:00.000Z');
  });

  it('moved by two at once moves once', async () => {
    const { id, key } = await clocked();
    await world.subscribe(key, { plan: 'hobby' });
    const answers = await Promise.all([1, 2, 3].map(() => advance(id, '2025-03-01T02:00:00Z')));
    expect(answers.map(({ status }) => status)).toContain(200);
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
    expect((await world.invoices(key)).map(({ total }) => total)).toEqual(['5.00', '5.00']);
  });

  it('an account has one clock, and none after the clock was taken away', async () => {
    const { id, key } = await clocked();
    const other = await world.admin.post<Clock>(CLOCKS, { now: '2025-01-01T00:00:00Z' });
    const again = await world.admin.post<Clock>(`${CLOCKS}/${other.body.id}/accounts`, { account: key });
    expect(again.body.code).toBe('failed-precondition');
    expect((await world.admin.delete(`${CLOCKS}/${id}`)).status).toBe(204);
    expect((await world.admin.delete(`${CLOCKS}/${id}`)).status).toBe(404);
    const { body } = await world.admin.get<{ period_start: string }>(`/api/v1/accounts/${key}/subscription`);
    expect(body.period_start).toBe('2030-06-01T00:00:00.000Z');
  });
});

describe('where test clocks are off', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ testClocks: false });
  });
  afterAll(() => app.close());

  it('none is made', async () => {
    const response = await fetch(`${app.rest}${CLOCKS}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': app.adminKey },
      body: JSON.stringify({ now: '2025-01-01T00:00:00Z' }),
    });
    expect([response.status, await response.json()]).toMatchObject([409, { code: 'failed-precondition' }]);
  });
});
