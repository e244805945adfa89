import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { proveInvoice } from '../../src/core/invoice-proof';
import { TestProcess } from '../support/processes';
import { BillingWorld } from '../support/billing-world';

let world: BillingWorld;

interface Export {
  invoice: Record<string, string>;
  lines: Record<string, string>[];
  segments: { usage: Record<string, { entries: { quantity: string }[] }> }[];
  taxes: { percent: string }[];
}

const exported = async (id: string) => (await world.admin.get<Export>(`/api/v1/invoices/${id}/export`)).body;

/** The third invoice of an account that has everything: a change of plan, late usage, a discount, tax, rollover, tiers. */
let id: string;

beforeAll(async () => {
  world = await BillingWorld.at('2025-01-01T00:00:00Z');
  await world.usage.meter('sales', { aggregation: 'sum', event_types: ['sale'] });
  await world.plan('everything', {
    base_fee: { model: 'flat', amount: '10' },
    prices: {
      api_requests: {
        model: 'graduated',
        tiers: [
          { up_to: '1000', unit_amount: '0.01', flat_amount: '1' },
          { up_to: null, unit_amount: '0.005' },
        ],
      },
      build_minutes: { model: 'per_unit', amount: '1', per_quantity: '7' },
      sales: { model: 'percentage', rate: '0.029', fixed_amount: '0.30' },
    },
    allowances: { build_minutes: { included: '100', rollover: { maximum: '50' } } },
  });
  const key = 'project:explained';
  await world.account(key);
  await world.subscribe(key, {
    plan: 'everything',
    taxes: [{ name: 'VAT', percent: '19' }],
    discounts: [{ name: 'friend', percent: '12.5' }],
  });
  await world.record(key, [
    { type: 'build.completed', at: '2025-01-05T00:00:00Z', quantity: '4321' },
    { type: 'api_requests', at: '2025-01-06T00:00:00Z', quantity: '1234' },
  ]);
  await world.runAt('2025-02-01T01:00:00Z');
  await world.record(key, [
    { type: 'build.completed', at: '2025-01-07T00:00:00Z', quantity: '3000', id: 'late' },
    { type: 'build.completed', at: '2025-02-05T00:00:00Z', quantity: '9999', id: 'build-1' },
    { type: 'sale', at: '2025-02-06T00:00:00Z', quantity: '12.34' },
    { type: 'sale', at: '2025-02-07T00:00:00Z', quantity: '100' },
  ]);
  world.itIs('2025-02-10T07:08:09Z');
  await world.subscribe(key, { plan: 'everything', overrides: { base_fee: { model: 'flat', amount: '8' } } });
  await world.record(key, [{ type: 'build.completed', at: '2025-02-20T00:00:00Z', quantity: '8000' }]);
  await world.runAt('2025-03-01T01:00:00Z');
  id = (await world.invoices(key)).at(-1)!.id;
});
afterAll(() => world.close());

describe('an explanation', () => {
  it('leads from a line to its price, its usage and its events', async () => {
    const { body } = await world.admin.get<{
      lines: {
        line: { meter: string | null; kind: string; from: string };
        plan: string | null;
        price: { model: string } | null;
        allowance: { included: string } | null;
        billed_before: string;
        events: { first: { id: string }[]; url: string } | null;
      }[];
      recomputed: { problems: string[] };
    }>(`/api/v1/invoices/${id}/explain`);
    expect(body.recomputed.problems).toEqual([]);
    const build = body.lines.find(({ line }) => line.meter === 'build_minutes' && line.kind === 'charge')!;
    expect(build).toMatchObject({
      plan: 'everything',
      price: { model: 'per_unit' },
      allowance: { included: '100' },
    });
    expect(build.events!.first.map((event) => event.id)).toEqual(['build-1']);
    const { body: page } = await world.admin.get<{ items: { id: string }[] }>(build.events!.url);
    expect(page.items.map((event) => event.id)).toEqual(['build-1']);
    const late = body.lines.find(({ line }) => line.kind === 'adjustment')!;
    // January: 72.01 minutes were within the 100 included; with 50 more 22.01 are to be paid, a seventh each.
    expect(late).toMatchObject({ line: { meter: 'build_minutes', amount: '3.15' }, billed_before: '0.00' });
  });

  it('of a draft is refused', async () => {
    await world.account('project:drafted');
    world.itIs('2025-03-01T00:00:00Z');
    await world.subscribe('project:drafted', { plan: 'hobby' });
    await world.runAt('2025-04-01T00:00:00Z');
    const [draft] = await world.invoices('project:drafted');
    expect((await world.admin.get(`/api/v1/invoices/${draft!.id}/export`)).status).toBe(409);
  });
});

describe('an export', () => {
  it('is computed again without a database', async () => {
    expect(proveInvoice(await exported(id))).toMatchObject({ problems: [], unverified: [] });
  });

  it.each<[string, (copy: Export) => void, RegExp]>([
    ['a line that says more', (copy) => (copy.lines[0]!.amount = '99.99'), /base fee|build_minutes/],
    [
      'a line too many',
      (copy) => copy.lines.push({ ...copy.lines[0]!, key: 'other/usage' }),
      /comes to nothing/,
    ],
    ['a line too few', (copy) => copy.lines.pop(), /the line says nothing/],
    [
      'other usage',
      (copy) => (copy.segments.at(-1)!.usage['build_minutes']!.entries[0]!.quantity = '1'),
      /build_minutes/,
    ],
    ['another tax', (copy) => (copy.taxes[0]!.percent = '7'), /^tax/],
    ['another total', (copy) => (copy.invoice.total = '0.01'), /^total/],
  ])('with %s does not agree', async (_name, change, problem) => {
    const copy = structuredClone(await exported(id));
    change(copy);
    const { problems } = proveInvoice(copy);
    expect(problems.some((each) => problem.test(each))).toBe(true);
  });

  it('is verified by the command alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tallyhouse-export-'));
    const file = join(folder, 'invoice.json');
    const good = await exported(id);
    writeFileSync(file, JSON.stringify(good));
    const verify = async () => {
      const child = new TestProcess('src/cli/tallyhouse.ts', ['invoice', 'verify', file]);
      return { code: await child.exited, output: child.output };
    };
    expect(await verify()).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^ok {6}\d+ lines/) as string,
    });
    writeFileSync(file, JSON.stringify({ ...good, invoice: { ...good.invoice, total: '0.01' } }));
    expect(await verify()).toMatchObject({
      code: 1,
      output: expect.stringContaining('FAILED  total') as string,
    });
  });
});
