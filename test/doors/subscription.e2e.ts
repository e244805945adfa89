import { UsageWorld } from '../support/usage-world';

interface Subscription {
  status: string;
  plan: string | null;
  plan_version: number | null;
  since: string | null;
  trial_ends_at: string | null;
  period_end: string;
  taxes: object[];
  discounts: object[];
  overrides: object | null;
  next: { plan: string | null; at: string } | null;
  code?: string;
  errors?: { field: string }[];
}

let world: UsageWorld;
let accounts = 0;

const DAY_1 = '2025-01-01T00:00:00Z';
const MID = '2025-01-11T12:00:00Z';

beforeAll(async () => {
  world = await UsageWorld.at(DAY_1);
  await world.admin.put('/api/v1/catalogue/plans/trying', {
    name: 'Trying',
    currency: 'USD',
    trial_days: 14,
    base_fee: { model: 'flat', amount: '10' },
  });
  await world.admin.put('/api/v1/catalogue/plans/euro', {
    name: 'Euro',
    currency: 'EUR',
    base_fee: { model: 'flat', amount: '10' },
  });
  await world.admin.put('/api/v1/catalogue/plans/yearly', {
    name: 'Yearly',
    currency: 'USD',
    interval: 'year',
    base_fee: { model: 'flat', amount: '100' },
  });
});
afterAll(() => world.close());

async function newAccount(scheme = 'project'): Promise<string> {
  world.itIs(DAY_1);
  const key = `${scheme}:subscriber-${++accounts}`;
  await world.account(key);
  return `/api/v1/accounts/${key}`;
}

const put = (path: string, body: object) => world.admin.put<Subscription>(`${path}/subscription`, body);
const read = async (path: string) => (await world.admin.get<Subscription>(`${path}/subscription`)).body;
const cancel = (path: string, query = '') => world.admin.delete<Subscription>(`${path}/subscription${query}`);
const versions = async (path: string): Promise<number> =>
  (await world.admin.get<{ items: object[] }>(`${path}/terms`)).body.items.length;

describe('PUT /api/v1/accounts/{key}/subscription', () => {
  it('gives a plan from now on', async () => {
    const path = await newAccount();
    expect(await read(path)).toMatchObject({ status: 'none', plan: null, since: null, next: null });
    world.itIs(MID);
    const { status, body } = await put(path, { plan: 'hobby' });
    expect([status, body]).toMatchObject([
      200,
      { status: 'active', plan: 'hobby', plan_version: 1, since: '2025-01-11T12:00:00.000Z', next: null },
    ]);
    expect(body.period_end).toBe('2025-02-01T00:00:00.000Z');
  });

  it('the same again changes nothing, from ten callers at once', async () => {
    const path = await newAccount();
    const answers = await Promise.all(Array.from({ length: 10 }, () => put(path, { plan: 'hobby' })));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(await versions(path)).toBe(2);
  });

  it('plans a change for the end of the period, and takes it back', async () => {
    const path = await newAccount();
    await put(path, { plan: 'hobby' });
    const planned = await put(path, { plan: 'pro', effective: 'period_end' });
    expect(planned.body).toMatchObject({
      plan: 'hobby',
      next: { plan: 'pro', at: '2025-02-01T00:00:00.000Z' },
    });
    expect((await put(path, { plan: 'hobby' })).body).toMatchObject({ plan: 'hobby', next: null });
    world.itIs('2025-02-01T00:00:00Z');
    expect(await read(path)).toMatchObject({ status: 'active', plan: 'hobby' });
  });

  it('a first plan brings its trial, in days of the account’s zone', async () => {
    const path = `/api/v1/accounts/project:berlin`;
    world.itIs(DAY_1);
    await world.account('project:berlin', { time_zone: 'Europe/Berlin' });
    world.itIs('2025-03-20T11:00:00Z');
    // Summer time begins on 30 March: the clock on the wall still shows noon.
    expect((await put(path, { plan: 'trying' })).body).toMatchObject({
      status: 'trialing',
      trial_ends_at: '2025-04-03T10:00:00.000Z',
    });
    world.itIs('2025-04-03T10:00:00Z');
    expect(await read(path)).toMatchObject({ status: 'active' });
  });

  it('a second plan brings none, and a trial under way goes on', async () => {
    const path = await newAccount();
    await put(path, { plan: 'trying' });
    world.itIs(MID);
    expect((await put(path, { plan: 'hobby' })).body).toMatchObject({
      status: 'trialing',
      plan: 'hobby',
      trial_ends_at: '2025-01-15T00:00:00.000Z',
    });
    world.itIs('2025-01-20T00:00:00Z');
    expect((await put(path, { plan: 'trying' })).body).toMatchObject({
      status: 'active',
      trial_ends_at: null,
    });
  });

  it('keeps taxes and discounts until others are given', async () => {
    const path = await newAccount();
    const taxes = [{ name: 'VAT', percent: '19' }];
    const discounts = [{ name: 'welcome', percent: '10', ends_at: '2025-06-01T00:00:00.000Z' }];
    await put(path, { plan: 'hobby', taxes, discounts });
    expect((await put(path, { plan: 'pro' })).body).toMatchObject({ plan: 'pro', taxes, discounts });
    expect((await put(path, { plan: 'pro', discounts: [] })).body).toMatchObject({ taxes, discounts: [] });
  });

  it('begins with the running period where no plan ever was, and only there', async () => {
    const path = await newAccount();
    world.itIs(MID);
    const first = await put(path, { plan: 'hobby', effective: DAY_1 });
    expect(first.body).toMatchObject({ status: 'active', plan: 'hobby', since: '2025-01-01T00:00:00.000Z' });
    const other = await put(path, { plan: 'pro', effective: '2025-01-02T00:00:00Z' });
    expect([other.status, other.body.code]).toEqual([400, 'invalid-argument']);
  });

  it('ends at an instant that is not past', async () => {
    const path = await newAccount();
    await put(path, { plan: 'hobby' });
    const ending = await cancel(path, '?at=2025-03-17T08:00:00Z');
    expect(ending.body.next).toMatchObject({ plan: null, at: '2025-03-17T08:00:00.000Z' });
    expect((await cancel(path, '?at=2025-03-17T08:00:00Z')).status).toBe(200);
    expect(await versions(path)).toBe(3);
    expect((await cancel(path, '?at=2024-03-17T08:00:00Z')).status).toBe(400);
  });

  it('takes overrides of its own, which another plan does not inherit', async () => {
    const path = await newAccount();
    const overrides = { base_fee: { model: 'flat', amount: '3' } };
    expect((await put(path, { plan: 'hobby', overrides })).body.overrides).toMatchObject(overrides);
    expect((await put(path, { plan: 'pro' })).body.overrides).toBeNull();
  });

  it('has entitlements of its own, or not those of the plan', async () => {
    const path = await newAccount();
    const entitlements = { sso: true, seats: '5', support: null };
    const { body } = await put(path, { plan: 'hobby', overrides: { entitlements } });
    expect(body.overrides).toEqual({ prices: {}, allowances: {}, entitlements });
    expect((await put(path, { plan: 'hobby', overrides: { entitlements: {} } })).body.overrides).toBeNull();
  });

  it.each<[string, object, number, string]>([
    ['an unknown plan', { plan: 'nope' }, 404, 'not-found'],
    ['an unknown version', { plan: 'hobby', version: 99 }, 404, 'not-found'],
    ['a past instant', { plan: 'hobby', effective: '2024-12-31T00:00:00Z' }, 400, 'invalid-argument'],
    ['other periods', { plan: 'yearly' }, 409, 'failed-precondition'],
    ['another currency', { plan: 'euro' }, 409, 'failed-precondition'],
    [
      'mixed taxes',
      {
        plan: 'hobby',
        taxes: [
          { name: 'a', percent: '1' },
          { name: 'b', percent: '1', inclusive: true },
        ],
      },
      400,
      'invalid-argument',
    ],
    ['a discount of nothing', { plan: 'hobby', discounts: [{ name: 'x' }] }, 400, 'invalid-argument'],
    [
      'an allowance for a meter without price',
      { plan: 'hobby', overrides: { prices: { build_minutes: null } } },
      400,
      'invalid-argument',
    ],
    [
      'an entitlement with the name of an allowance',
      { plan: 'hobby', overrides: { entitlements: { build_minutes: true } } },
      400,
      'invalid-argument',
    ],
    ['overrides that are no object', { plan: 'hobby', overrides: [] }, 400, 'invalid-argument'],
    ['an unknown field', { plan: 'hobby', colour: 'red' }, 400, 'invalid-argument'],
  ])('refuses %s and changes nothing', async (_name, body, status, code) => {
    const path = await newAccount();
    await put(path, { plan: 'hobby' });
    const answer = await put(path, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await versions(path)).toBe(2);
  });

  it('is not for whoever may not act for the account', async () => {
    const path = await newAccount();
    const other = await world.caller('admin', ['project:other']);
    expect((await other.put(`${path}/subscription`, { plan: 'hobby' })).status).toBe(404);
    expect(await versions(path)).toBe(1);
  });

  it('writes down who changed what', async () => {
    const path = await newAccount();
    await put(path, { plan: 'hobby' });
    await put(path, { plan: 'pro' });
    const key = path.split('/').at(-1)!;
    const { body } = await world.admin.get<{ items: object[] }>(`/api/v1/audit?account=${key}`);
    expect(body.items[0]).toMatchObject({
      action: 'subscription.changed',
      actor: 'admin',
      before: { plan: 'hobby' },
      after: { plan: 'pro' },
    });
  });
});

describe('DELETE /api/v1/accounts/{key}/subscription', () => {
  it('ends with the period; agreeing again takes it back', async () => {
    const path = await newAccount();
    await put(path, { plan: 'hobby' });
    world.itIs(MID);
    expect((await cancel(path)).body).toMatchObject({
      status: 'active',
      next: { plan: null, at: '2025-02-01T00:00:00.000Z' },
    });
    expect((await cancel(path)).status).toBe(200);
    expect(await versions(path)).toBe(3);
    expect((await put(path, { plan: 'hobby' })).body.next).toBeNull();
  });

  it('ends at once', async () => {
    const path = await newAccount();
    await put(path, { plan: 'hobby' });
    expect((await cancel(path, '?at=now')).body).toMatchObject({ status: 'ended', plan: null, next: null });
  });

  it('of an account without a plan changes nothing', async () => {
    const path = await newAccount();
    expect((await cancel(path, '?at=now')).body).toMatchObject({ status: 'none' });
    expect(await versions(path)).toBe(1);
  });
});

describe('default plans', () => {
  it('an organisation begins on free, others on none', async () => {
    expect(await read(await newAccount('org'))).toMatchObject({ plan: 'free', status: 'active' });
    expect(await read(await newAccount('team'))).toMatchObject({ plan: null, status: 'none' });
  });
});

describe('DELETE /api/v1/accounts/{key}', () => {
  it('closes once: the plan ends, later usage is refused, earlier usage is taken', async () => {
    const path = await newAccount();
    const key = path.split('/').at(-1)!;
    await put(path, { plan: 'hobby' });
    world.itIs(MID);
    const closed = await world.admin.delete<{ closed_at: string }>(`${path}?reason=gone`);
    expect([closed.status, closed.body.closed_at]).toEqual([200, '2025-01-11T12:00:00.000Z']);
    world.itIs('2025-01-12T00:00:00Z');
    const again = await world.admin.delete<{ closed_at: string }>(path);
    expect(again.body.closed_at).toBe('2025-01-11T12:00:00.000Z');
    expect(await read(path)).toMatchObject({ status: 'ended', plan: null });
    expect((await put(path, { plan: 'hobby' })).body.code).toBe('failed-precondition');
    const event = (id: string, occurred_at: string) => ({
      ...{ id, account: key, type: 'bandwidth.usage', occurred_at, quantity: '1' },
    });
    const { body } = await world.admin.post<{ verdicts: { status: string; code?: string }[] }>(
      '/api/v1/events',
      {
        events: [event('a', '2025-01-11T11:59:59Z'), event('b', '2025-01-11T12:00:00Z')],
      },
    );
    expect(body.verdicts).toMatchObject([
      { status: 'recorded' },
      { status: 'refused', code: 'failed-precondition' },
    ]);
  });
});
