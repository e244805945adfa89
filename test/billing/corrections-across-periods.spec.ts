import { BillingWorld, lineText } from '../support/billing-world';

let world: BillingWorld;
let accounts = 0;

const perUnit = (amount: string) => ({ model: 'per_unit', unit_amount: amount });

beforeAll(async () => {
  world = await BillingWorld.at('2025-01-01T00:00:00Z');
  // 100 GB a month, and what is left of them next month.
  await world.plan('rolling', {
    prices: { bandwidth_gb: perUnit('1') },
    allowances: { bandwidth_gb: { included: '100', rollover: { maximum: null } } },
  });
  await world.plan('ahead', { base_fee: { model: 'flat', amount: '31', billed: 'in_advance' } });
  await world.plan('nothing', { allowances: { bandwidth_gb: { included: null } } });
});
afterAll(() => world.close());

async function subscriber(plan: string): Promise<string> {
  world.itIs('2025-01-01T00:00:00Z');
  const key = `project:corrected-${++accounts}`;
  await world.account(key);
  await world.subscribe(key, { plan });
  return key;
}

const traffic = (at: string, quantity: string) => [{ type: 'bandwidth.usage', at, quantity }];
const newest = async (key: string) => (await world.invoices(key)).at(-1)!;
const post = (id: string, verb: string) =>
  world.admin.post<{ code?: string }>(`/api/v1/invoices/${id}/${verb}`, {});

describe('what a period is handed', () => {
  it('is what it was when its invoice is void', async () => {
    const key = await subscriber('rolling');
    await world.record(key, traffic('2025-02-10T00:00:00Z', '150'));
    await world.record(key, traffic('2025-02-11T00:00:00Z', '60'));
    await world.runAt('2025-03-01T01:00:00Z');
    // 100 of January and 100 of February are covered.
    const february = await newest(key);
    expect(february.lines.map(({ amount }) => amount)).toEqual(['10.00']);
    await post(february.id, 'void');
    await world.runAt('2025-04-01T01:00:00Z');
    expect((await newest(key)).lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['adjustment', '10.00'],
    ]);
  });

  it('is what it was when nothing was billed and no invoice says so', async () => {
    const key = await subscriber('rolling');
    await world.runAt('2025-03-01T01:00:00Z');
    expect(await world.invoices(key)).toEqual([]);
    await world.record(key, traffic('2025-02-10T00:00:00Z', '210'));
    await world.runAt('2025-04-01T01:00:00Z');
    expect((await newest(key)).total).toBe('10.00');
  });

  it('changes with what came late, once and for all', async () => {
    const key = await subscriber('rolling');
    await world.runAt('2025-03-01T01:00:00Z');
    // 70 are left of January; nobody pays for anything, so that no invoice tells of it.
    await world.record(key, traffic('2025-01-10T00:00:00Z', '30'));
    await world.runAt('2025-04-01T01:00:00Z');
    await world.record(key, traffic('2025-02-10T00:00:00Z', '175'));
    await world.runAt('2025-05-01T01:00:00Z');
    expect((await newest(key)).lines.map(({ amount }) => amount)).toEqual(['5.00']);
  });

  it('changes by an invoice within the period, too', async () => {
    const key = await subscriber('rolling');
    await world.record(key, traffic('2025-02-10T00:00:00Z', '100'));
    await world.runAt('2025-03-01T01:00:00Z');
    await world.record(key, traffic('2025-01-10T00:00:00Z', '100'));
    world.itIs('2025-03-10T00:00:00Z');
    // What January hands on is gone, and with it what February does: the invoice of leaving finds it out.
    await world.cancel(key, 'now');
    await world.runAt('2025-03-10T00:00:00Z');
    await world.subscribe(key, { plan: 'rolling' });
    await world.record(key, traffic('2025-03-20T00:00:00Z', '120'));
    await world.runAt('2025-04-01T01:00:00Z');
    expect((await newest(key)).total).toBe('20.00');
  });

  it('lapses in a month without a plan', async () => {
    const key = await subscriber('rolling');
    world.itIs('2025-01-31T00:00:00Z');
    await world.cancel(key);
    await world.runAt('2025-04-01T00:00:00Z');
    await world.subscribe(key, { plan: 'rolling' });
    await world.record(key, traffic('2025-04-10T00:00:00Z', '110'));
    await world.runAt('2025-05-01T01:00:00Z');
    expect((await newest(key)).total).toBe('10.00');
  });
});

describe('a correction', () => {
  it('of a level reaches the months after it, whatever the plan is by now', async () => {
    const key = await subscriber('hobby');
    world.itIs('2025-02-10T00:00:00Z');
    await world.subscribe(key, { plan: 'nothing', effective: 'period_end' });
    await world.runAt('2025-03-01T01:00:00Z');
    await world.record(key, [
      { type: 'volume.created', at: '2025-01-31T00:00:00Z', resource: 'late', quantity: '10' },
    ]);
    await world.runAt('2025-04-01T01:00:00Z');
    // January had 240 GB-hours, less than is included; February 6,720 = 9.33 GB-months, 8.33 of them at 0.25.
    expect((await newest(key)).lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['adjustment', '2.08'],
    ]);
  });

  it('is not lost on an invoice of fees', async () => {
    const key = await subscriber('hobby');
    await world.runAt('2025-02-01T01:00:00Z');
    await post((await newest(key)).id, 'void');
    world.itIs('2025-02-10T00:00:00Z');
    await world.subscribe(key, { plan: 'ahead' });
    await world.runAt('2025-02-10T00:00:00Z');
    expect((await newest(key)).kind).toBe('fees');
    await world.runAt('2025-03-01T01:00:00Z');
    expect((await newest(key)).lines[0]).toMatchObject({ kind: 'adjustment', amount: '5.00' });
  });
});

it('whoever comes back earlier than agreed is billed from then on', async () => {
  const key = await subscriber('hobby');
  world.itIs('2025-01-20T00:00:00Z');
  await world.cancel(key);
  await world.subscribe(key, { plan: 'hobby', effective: '2025-06-01T00:00:00Z' });
  await world.runAt('2025-03-01T00:00:00Z');
  expect((await world.invoices(key)).map(({ total }) => total)).toEqual(['5.00']);
  await world.subscribe(key, { plan: 'hobby' });
  await world.runAt('2025-07-01T01:00:00Z');
  expect(
    (await world.invoices(key)).map(({ period_start, lines }) => [
      period_start.slice(5, 7),
      ...lines.map(lineText),
    ]),
  ).toEqual(['01', '03', '04', '05', '06'].map((month) => [month, 'Base fee | 5.00']));
});

it('a draft is not made final before an older one', async () => {
  const key = await subscriber('hobby');
  await world.runAt('2025-02-01T00:00:00Z');
  await world.cancel(key, 'now');
  const [january, february] = await world.invoices(key);
  expect([january!.status, february!.status]).toEqual(['draft', 'draft']);
  expect((await post(february!.id, 'finalise')).body.code).toBe('failed-precondition');
  expect((await post(january!.id, 'finalise')).status).toBe(200);
});
