import { BillingWorld, lineText } from '../support/billing-world';

let world: BillingWorld;
let accounts = 0;

beforeAll(async () => {
  world = await BillingWorld.at('2025-01-01T00:00:00Z');
});
afterAll(() => world.close());

/** A new account on a plan since the beginning of January. */
async function subscriber(plan: string, more: object = {}, calendar: object = {}): Promise<string> {
  world.itIs('2025-01-01T00:00:00Z');
  const key = `project:billed-${++accounts}`;
  await world.account(key, calendar);
  await world.subscribe(key, { plan, ...more });
  return key;
}

describe('an invoice at the end of a period', () => {
  it('W-61: hobby, 600 GB-hours, 530 minutes, 3 GB-months, 120 GB', async () => {
    const key = await subscriber('hobby');
    await world.record(key, [
      // 600 GB-hours: 10 GB for 60 hours. 2,160 GB-hours of storage are 3 GB-months.
      { type: 'deployment.started', at: '2025-01-02T00:00:00Z', resource: 'd', quantity: '10' },
      { type: 'deployment.stopped', at: '2025-01-04T12:00:00Z', resource: 'd', quantity: '0' },
      { type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '31800' },
      { type: 'volume.created', at: '2025-01-02T00:00:00Z', resource: 'v', quantity: '90' },
      { type: 'volume.deleted', at: '2025-01-03T00:00:00Z', resource: 'v', quantity: '0' },
      { type: 'bandwidth.usage', at: '2025-01-06T00:00:00Z', quantity: '120' },
    ]);
    await world.runAt('2025-02-01T01:00:00Z');
    const [invoice] = await world.invoices(key);
    expect(invoice).toMatchObject({
      status: 'finalised',
      subtotal: '7.85',
      total: '7.85',
      amount_due: '7.85',
    });
    expect(invoice!.lines.map(({ meter, quantity, amount }) => [meter, quantity, amount])).toEqual([
      [null, null, '5.00'],
      ['bandwidth_gb', '20', '2.00'],
      ['build_minutes', '30', '0.30'],
      ['compute_gb_hours', '100', '0.05'],
      // 2 GB-months.
      ['storage_gb_hours', '1440', '0.50'],
    ]);
    expect(await world.balances(key)).toEqual({ settlement: '7.85', usage: '-7.85' });
  });

  it('W-63: grants pay, the one that ends first before the others', async () => {
    const key = await subscriber('hobby');
    await world.grant(key, { amount: '2.00', expires_at: '2025-03-01T00:00:00Z', description: 'A' });
    await world.grant(key, { amount: '10.00', description: 'B' });
    await world.record(key, [{ type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '47100' }]);
    await world.runAt('2025-02-01T01:00:00Z');
    // 5.00 + (785 − 500) × 0.01 = 7.85
    expect((await world.invoices(key))[0]).toMatchObject({
      ...{ status: 'paid', total: '7.85', paid_by_grants: '7.85', amount_due: '0.00' },
    });
    const { body } = await world.admin.get<{ items: { description: string; left: string }[] }>(
      `/api/v1/accounts/${key}/grants`,
    );
    expect(body.items.map(({ description, left }) => [description, left])).toEqual([
      ['B', '4.15'],
      ['A', '0.00'],
    ]);
  });

  it('W-64: a grant that has ended pays nothing', async () => {
    const key = await subscriber('hobby');
    await world.grant(key, { amount: '2.00', expires_at: '2025-01-31T23:59:59Z' });
    await world.runAt('2025-02-01T01:00:00Z');
    expect((await world.invoices(key))[0]).toMatchObject({ total: '5.00', paid_by_grants: '0.00' });
  });

  it('waits for its grace, and running it again changes nothing', async () => {
    const key = await subscriber('hobby');
    await world.runAt('2025-02-01T00:59:59Z');
    expect(await world.invoices(key)).toMatchObject([{ status: 'draft', total: null, lines: [] }]);
    await world.record(key, [{ type: 'build.completed', at: '2025-01-31T23:59:59Z', quantity: '36000' }]);
    await world.runAt('2025-02-01T01:00:00Z');
    const before = await world.invoices(key);
    expect(before.map(({ total }) => total)).toEqual(['6.00']);
    await world.runAt('2025-02-01T02:00:00Z');
    expect(await world.invoices(key)).toEqual(before);
  });

  it('catches up with months that were missed, one invoice each', async () => {
    const key = await subscriber('hobby');
    await world.runAt('2025-05-01T01:00:00Z');
    const invoices = await world.invoices(key);
    expect(invoices.map(({ period_start, total }) => [period_start.slice(0, 7), total])).toEqual([
      ['2025-01', '5.00'],
      ['2025-02', '5.00'],
      ['2025-03', '5.00'],
      ['2025-04', '5.00'],
    ]);
  });

  it('taxes the sum, after discounts', async () => {
    const key = await subscriber('hobby', {
      taxes: [{ name: 'VAT', percent: '19' }],
      discounts: [{ name: 'welcome', percent: '10' }],
    });
    await world.runAt('2025-02-01T01:00:00Z');
    // 5.00 − 0.50 = 4.50; 19 % of it is 0.855.
    expect((await world.invoices(key))[0]).toMatchObject({
      subtotal: '5.00',
      discounts: [{ name: 'welcome', amount: '0.50' }],
      taxes: [{ name: 'VAT', amount: '0.86' }],
      total: '5.36',
    });
    expect(await world.balances(key)).toEqual({ settlement: '5.36', tax: '-0.86', usage: '-4.50' });
  });

  it('says nothing to whoever owes nothing', async () => {
    world.itIs('2025-01-01T00:00:00Z');
    await world.account('org:free');
    await world.runAt('2025-02-01T01:00:00Z');
    expect(await world.invoices('org:free')).toEqual([]);
  });
});

describe('a change within the period', () => {
  it('bills both plans by time', async () => {
    const key = await subscriber('hobby');
    world.itIs('2025-01-16T12:00:00Z');
    await world.subscribe(key, { plan: 'pro' });
    await world.runAt('2025-02-01T01:00:00Z');
    // Half of January: 2.50 and 10.00.
    expect(await world.lines(key)).toEqual(['Base fee | 2.50', 'Base fee | 10.00']);
  });

  it('a trial bills nothing, and the rest of the period its share', async () => {
    const key = await subscriber('hobby', { trial_days: 15 });
    await world.record(key, [{ type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '360000' }]);
    await world.runAt('2025-02-01T01:00:00Z');
    // 16 of 31 days of 5.00 are 2.58.
    expect(await world.lines(key)).toEqual(['Base fee | 2.58']);
  });

  it('an end at once is billed at once, and nothing follows', async () => {
    const key = await subscriber('hobby');
    world.itIs('2025-01-16T12:00:00Z');
    await world.cancel(key, 'now');
    await world.runAt('2025-01-16T12:00:00Z');
    expect(await world.lines(key)).toEqual(['Base fee | 2.50']);
    await world.runAt('2025-04-01T01:00:00Z');
    expect((await world.invoices(key)).map(({ total }) => total)).toEqual(['2.50']);
  });

  it('a fee paid ahead is billed at the beginning, given back at the end', async () => {
    world.itIs('2025-01-01T00:00:00Z');
    await world.plan('ahead', { base_fee: { model: 'flat', amount: '31', billed: 'in_advance' } });
    const key = await subscriber('ahead');
    await world.runAt('2025-01-01T00:00:00Z');
    expect((await world.invoices(key)).map(({ kind, total }) => [kind, total])).toEqual([['fees', '31.00']]);
    await world.runAt('2025-02-01T01:00:00Z');
    const february = (await world.invoices(key)).at(-1)!;
    expect([february.kind, february.lines.map(lineText)]).toEqual(['period', ['Base fee | 31.00']]);
    world.itIs('2025-02-15T00:00:00Z');
    await world.cancel(key, 'now');
    await world.runAt('2025-02-15T00:00:00Z');
    // 14 of 28 days were not used: 15.50 is carried over.
    expect((await world.invoices(key)).find(({ kind }) => kind === 'off_cycle')).toMatchObject({
      ...{ status: 'paid', total: '-15.50', carried_over: '15.50', amount_due: '0.00' },
    });
    expect(await world.balances(key)).toEqual({ grants: '-15.50', settlement: '62.00', usage: '-46.50' });
  });
});

describe('usage that comes after the invoice (fault row 11)', () => {
  it('is an adjustment on the next one; a void is a negative one', async () => {
    const key = await subscriber('hobby');
    const [build] = await world.record(key, [
      { type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '36000' },
    ]);
    await world.runAt('2025-02-01T01:00:00Z');
    // 600 minutes, 500 included.
    expect((await world.invoices(key)).at(-1)!.total).toBe('6.00');
    world.itIs('2025-02-10T00:00:00Z');
    await world.record(key, [{ type: 'build.completed', at: '2025-01-20T00:00:00Z', quantity: '1800' }]);
    await world.runAt('2025-03-01T01:00:00Z');
    const march = (await world.invoices(key)).at(-1)!;
    expect(
      march.lines.map(({ kind, description, quantity, amount }) => [kind, description, quantity, amount]),
    ).toEqual([
      ['adjustment', 'Build time: usage, beyond 500 included', '30', '0.30'],
      ['charge', 'Base fee', null, '5.00'],
    ]);
    await world.usage.void(key, build!);
    await world.runAt('2025-04-01T01:00:00Z');
    expect((await world.invoices(key)).at(-1)!.lines.map(lineText)).toEqual([
      'Build time: usage, beyond 500 included | -130 | -1.30',
      'Base fee | 5.00',
    ]);
    expect(await world.balances(key)).toEqual({ settlement: '15.00', usage: '-15.00' });
  });

  it('of a level changes every period it holds in', async () => {
    const key = await subscriber('hobby');
    await world.runAt('2025-03-01T01:00:00Z');
    expect((await world.invoices(key)).map(({ total }) => total)).toEqual(['5.00', '5.00']);
    await world.record(key, [
      { type: 'volume.created', at: '2025-01-31T00:00:00Z', resource: 'late', quantity: '721' },
    ]);
    await world.runAt('2025-04-01T01:00:00Z');
    const march = (await world.invoices(key)).at(-1)!;
    // January: 24 h × 721 / 720 − 1 included = 23.0333 GB-months. February: 672 h × 721 / 720 − 1. March: 744 h.
    expect(march.lines.map(({ kind, meter, amount }) => [kind, meter, amount])).toEqual([
      ['adjustment', 'storage_gb_hours', '5.76'],
      ['adjustment', 'storage_gb_hours', '167.98'],
      ['charge', null, '5.00'],
      ['charge', 'storage_gb_hours', '186.01'],
    ]);
  });
});

it('every account’s transfers add up to nothing, and invoices to their lines', async () => {
  expect(await world.rows(`select account_id, name from balance group by 1, 2, asset having false`)).toEqual(
    [],
  );
  const sums = await world.rows<{ off: string }>(
    `select account_id, asset, sum(debits - credits) as off from balance group by 1, 2 having sum(debits - credits) <> 0`,
  );
  expect(sums).toEqual([]);
  const lines = await world.rows(`
    select i.id from invoice i join invoice_line l on l.invoice_id = i.id and l.account_id = i.account_id
    group by i.id, i.subtotal having sum(l.minor) <> i.subtotal`);
  expect(lines).toEqual([]);
});
