import { BillingWorld, type Invoice, lineText } from '../support/billing-world';

interface Preview {
  currency: string | null;
  lines: Invoice['lines'];
  subtotal: string | null;
  taxes: { amount: string }[];
  total: string | null;
  code?: string;
}

let world: BillingWorld;
let accounts = 0;

beforeAll(async () => {
  world = await BillingWorld.at('2025-01-01T00:00:00Z');
});
afterAll(() => world.close());

async function subscriber(plan: string, more: object = {}): Promise<string> {
  world.itIs('2025-01-01T00:00:00Z');
  const key = `project:previewed-${++accounts}`;
  await world.account(key);
  await world.subscribe(key, { plan, ...more });
  return key;
}

const preview = async (account: string, body: object = {}) =>
  world.admin.post<Preview>('/api/v1/preview', { account, ...body });

describe('POST /api/v1/preview', () => {
  it('says what the invoice will say, to the last digit', async () => {
    const key = await subscriber('hobby', { taxes: [{ name: 'VAT', percent: '19' }] });
    await world.record(key, [
      { type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '31801' },
      { type: 'bandwidth.usage', at: '2025-01-20T00:00:00Z', quantity: '100.123456789012345' },
      { type: 'volume.created', at: '2025-01-02T00:00:00Z', resource: 'v', quantity: '90.5' },
      { type: 'volume.deleted', at: '2025-01-03T12:34:56.789Z', resource: 'v', quantity: '0' },
    ]);
    world.itIs('2025-01-25T10:20:30Z');
    await world.subscribe(key, { plan: 'pro' });
    await world.record(key, [{ type: 'build.completed', at: '2025-01-26T00:00:00Z', quantity: '180000.5' }]);
    world.itIs('2025-01-31T23:59:59.999Z');
    const before = (await preview(key)).body;
    await world.runAt('2025-02-01T01:00:00Z');
    const [invoice] = await world.invoices(key);
    expect(before.lines).toEqual(invoice!.lines);
    expect([before.subtotal, before.total]).toEqual([invoice!.subtotal, invoice!.total]);
    expect(before.taxes).toEqual(invoice!.taxes);
  });

  it('of now leaves out what is due at the end', async () => {
    const key = await subscriber('hobby');
    await world.record(key, [{ type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '36000' }]);
    expect((await preview(key, { until: 'now' })).body.lines.map(lineText)).toEqual([
      'Build time: usage, beyond 500 included | 100 | 1.00',
    ]);
    expect((await preview(key)).body.total).toBe('6.00');
  });

  it('of a change of plan changes nothing', async () => {
    const key = await subscriber('hobby');
    world.itIs('2025-01-16T12:00:00Z');
    expect((await preview(key, { subscription: { plan: 'pro' } })).body.lines.map(lineText)).toEqual([
      'Base fee | 2.50',
      'Base fee | 10.00',
    ]);
    expect((await preview(key)).body.total).toBe('5.00');
  });

  it('as if more were used', async () => {
    const key = await subscriber('hobby');
    const { body } = await preview(key, { usage: { build_minutes: '530', storage_gb_hours: '2160' } });
    // 30 minutes and 2 GB-months beyond what is included.
    expect(body.lines.map(({ meter, amount }) => [meter, amount])).toEqual([
      [null, '5.00'],
      ['build_minutes', '0.30'],
      ['storage_gb_hours', '0.50'],
    ]);
  });

  it('of an account without a plan bills nothing', async () => {
    await world.account('project:planless');
    const { status, body } = await preview('project:planless');
    expect([status, body]).toMatchObject([200, { currency: null, lines: [], total: null }]);
  });

  it.each<[string, object, number]>([
    ['an unknown account', { account: 'project:nobody' }, 404],
    ['an unknown plan', { subscription: { plan: 'nope' } }, 404],
    ['an unknown meter', { usage: { nope: '1' } }, 400],
    ['negative usage', { usage: { build_minutes: '-1' } }, 400],
    ['an unknown field', { colour: 'red' }, 400],
  ])('refuses %s', async (_name, body, status) => {
    const key = await subscriber('hobby');
    expect((await preview(key, body)).status).toBe(status);
  });
});
