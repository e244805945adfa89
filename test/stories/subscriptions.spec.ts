import { BillingWorld, lineText } from '../support/billing-world';

let world: BillingWorld;

beforeAll(async () => {
  world = await BillingWorld.at('2030-01-01T00:00:00Z');
});
afterAll(() => world.close());
afterEach(async () => expect(await world.wrongBooks()).toEqual([]));

/** An account that lives by a clock of its own. */
async function clocked(key: string, now: string, calendar: object = {}) {
  const { body } = await world.admin.post<{ id: string }>('/api/v1/test-clocks', { now });
  await world.account(key, calendar);
  await world.admin.post(`/api/v1/test-clocks/${body.id}/accounts`, { account: key });
  return async (to: string): Promise<void> => {
    const { status } = await world.admin.post(`/api/v1/test-clocks/${body.id}/advance`, { now: to });
    expect(status).toBe(200);
  };
}

const told = async (key: string) =>
  (await world.invoices(key)).map(({ kind, total, lines }) => [kind, total, ...lines.map(lineText)]);

describe('a team joins in Berlin on 31 January, at ten in the morning', () => {
  const key = 'org:joined-on-the-31st';

  it('its months end on the last day of short ones, at ten by its own clock', async () => {
    const [day, zone] = ['2025-01-31T10:00:00+01:00', 'Europe/Berlin'];
    const until = await clocked(key, day, { anchor: day, time_zone: zone });
    await world.subscribe(key, { plan: 'team' });
    await until('2025-07-01T00:00:00Z');
    const invoices = await world.invoices(key);
    expect(invoices.map(({ period_start, total }) => `${period_start} ${total}`)).toEqual([
      '2025-01-31T09:00:00.000Z 50.00',
      '2025-02-28T09:00:00.000Z 50.00',
      // Clocks were put forward on 30 March.
      '2025-03-31T08:00:00.000Z 50.00',
      '2025-04-30T08:00:00.000Z 50.00',
      '2025-05-31T08:00:00.000Z 50.00',
    ]);
  });

  it('what happens at ten belongs to the month that begins', async () => {
    const build = (at: string) => ({ type: 'build.completed', at, quantity: '306000' });
    // 5,100 minutes each, 5,000 included: both in one month would be 5,200 beyond.
    await world.usage.record(key, [build('2025-02-28T08:59:59.999Z'), build('2025-02-28T09:00:00.000Z')]);
    const { body } = await world.admin.post<{ lines: never[] }>('/api/v1/preview', { account: key });
    expect(body.lines.map(lineText)).toEqual([
      'Build time: usage, beyond 5000 included | 100 | 0.80',
      'Build time: usage, beyond 5000 included | 100 | 0.80',
      'Base fee | 50.00',
    ]);
    expect(await world.balances(key)).toEqual({ settlement: '250.00', usage: '-250.00' });
  });
});

describe('up, down and away', () => {
  const key = 'org:up-down-and-away';
  let until: (to: string) => Promise<void>;

  it('up in the middle of January: each plan for its half', async () => {
    until = await clocked(key, '2025-01-01T00:00:00Z');
    await world.subscribe(key, { plan: 'hobby' });
    await until('2025-01-16T12:00:00Z');
    await world.subscribe(key, { plan: 'pro' });
    await until('2025-02-01T01:00:00Z');
    expect(await told(key)).toEqual([['period', '12.50', 'Base fee | 2.50', 'Base fee | 10.00']]);
  });

  it('down at the end of February: the month is still that of the old plan', async () => {
    await until('2025-02-10T00:00:00Z');
    // 3,100 minutes, 2,000 included.
    await world.usage.record(key, [
      { type: 'build.completed', at: '2025-02-05T00:00:00Z', quantity: '186000', id: 'mistaken' },
    ]);
    await world.subscribe(key, { plan: 'hobby', effective: 'period_end' });
    await until('2025-03-01T01:00:00Z');
    expect((await told(key)).at(-1)).toEqual([
      ...['period', '31.00', 'Base fee | 20.00', 'Build time: usage, beyond 2000 included | 1100 | 11.00'],
    ]);
  });

  it('away with March: a last invoice, and none after it', async () => {
    await until('2025-03-20T00:00:00Z');
    await world.cancel(key);
    await until('2025-06-01T00:00:00Z');
    expect((await told(key)).slice(2)).toEqual([['period', '5.00', 'Base fee | 5.00']]);
    for (const { id, amount_due } of await world.invoices(key)) {
      const payment = { reference: `bank-${id}`, amount: amount_due };
      expect((await world.admin.post(`/api/v1/invoices/${id}/payments`, payment)).status).toBe(200);
    }
    expect(await world.balances(key)).toEqual({ payments: '48.50', usage: '-48.50' });
  });

  it('a build of February was a mistake: it is given back as a grant', async () => {
    await world.usage.void(key, 'mistaken');
    await until('2025-06-02T00:00:00Z');
    const invoice = (await world.invoices(key)).at(-1)!;
    expect([invoice.kind, invoice.status, invoice.total, invoice.carried_over]).toEqual([
      ...['off_cycle', 'paid', '-11.00', '11.00'],
    ]);
    expect(await world.balances(key)).toEqual({ grants: '-11.00', payments: '48.50', usage: '-37.50' });
  });

  it('which pays when they come back', async () => {
    await until('2025-07-01T00:00:00Z');
    await world.subscribe(key, { plan: 'hobby' });
    await until('2025-08-01T01:00:00Z');
    expect((await world.invoices(key)).at(-1)).toMatchObject({
      total: '5.00',
      paid_by_grants: '5.00',
      status: 'paid',
    });
    expect(await world.balances(key)).toEqual({ grants: '-6.00', payments: '48.50', usage: '-42.50' });
  });
});
