import { parse } from 'csv-parse/sync';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAccountKey } from '../../src/core/account-key';
import { DirectTarget } from '../../src/importers/focus-direct';
import { focusExport, type ExportOptions, type LeftOut } from '../../src/importers/focus-export';
import { startTestApp, type TestApp } from '../support/app';
import { Rest } from '../support/rest';
import { countsOf, distance, importFile, ROUNDING, SAMPLE, sampleRows, sumBy, units } from './sample';

const STORED = sampleRows().filter((row) => row.hasPrice && !row.isNegative);
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
const ALL: ExportOptions = {
  accounts: null,
  from: 0,
  to: day('2030-01-01'),
  by: 'day',
  currency: null,
  issuer: 'Tallyhouse',
};

type Line = Record<string, string>;

async function exported(app: TestApp, options: Partial<ExportOptions> = {}, leftOut: LeftOut = new Map()) {
  const lines: string[] = [];
  for await (const line of focusExport(app.app, { ...ALL, ...options }, leftOut)) lines.push(line);
  const charges: Line[] = parse(lines.join('\n'), { columns: true });
  return { text: lines.join('\n'), charges };
}

const total = (charges: readonly Line[]): bigint =>
  charges.reduce((sum, line) => sum + units(line.ListCost!), 0n);

describe('an imported bill', () => {
  let app: TestApp;
  let charges: Line[];
  let text: string;

  beforeAll(async () => {
    app = await startTestApp();
    await importFile(SAMPLE, new DirectTarget(app.app));
    ({ charges, text } = await exported(app));
  });
  afterAll(() => app.close());

  it('comes out with the sums that went in, by sub-account and SKU', () => {
    const name = (account: string, sku: string): string => `${account} ${sku}`;
    const out = sumBy(
      charges,
      (line) => name(line.SubAccountId!, line.SkuId!),
      (line) => units(line.ListCost!),
    );
    const bill = sumBy(
      STORED,
      (row) => name(row.subAccount, row.sku),
      (row) => (row.agrees ? row.listCost : row.product),
    );
    const rows = sumBy(
      STORED,
      (row) => name(row.subAccount, row.sku),
      () => 1n,
    );
    expect([...out.keys()].sort()).toEqual([...bill.keys()].sort());
    expect(
      [...out].filter(([key, sum]) => distance(sum, bill.get(key)!) > ROUNDING * rows.get(key)!),
    ).toEqual([]);
  });

  it('has one line per account, meter and day, all of September', () => {
    const names = charges.map((line) => [line.SubAccountId, line.SkuMeter, line.ChargePeriodStart].join(' '));
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(charges.map((line) => line.x_RowId)).size).toBe(charges.length);
    expect(charges.every((line) => /^2024-09-\d\dT00:00:00Z$/.test(line.ChargePeriodStart!))).toBe(true);
    expect(new Set(charges.map((line) => line.BillingPeriodEnd))).toEqual(new Set(['2024-10-01T00:00:00Z']));
  });

  it('has one line per account and meter by period, with the same total', async () => {
    const { charges: periods } = await exported(app, { by: 'period' });
    const pairs = new Set(charges.map((line) => `${line.SubAccountId} ${line.SkuMeter}`));
    expect(periods).toHaveLength(pairs.size);
    expect(total(periods)).toBe(total(charges));
    expect(new Set(periods.map((line) => line.ChargePeriodStart))).toEqual(new Set(['2024-09-01T00:00:00Z']));
  });

  it('can be cut anywhere: the parts are the whole', async () => {
    const [early, late] = [
      await exported(app, { to: day('2024-09-10') }),
      await exported(app, { from: day('2024-09-10') }),
    ];
    expect(early.charges.length + late.charges.length).toBe(charges.length);
    expect(total(early.charges) + total(late.charges)).toBe(total(charges));
  });

  it('can be that of one account', async () => {
    const { charges: mine } = await exported(app, { accounts: [parseAccountKey('focus:11353890204')] });
    expect(mine).toEqual(charges.filter((line) => line.SubAccountId === '11353890204'));
  });

  it('goes round: what was exported is imported and exported again as the same lines', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'focus-'));
    const other = await startTestApp();
    try {
      writeFileSync(join(folder, 'out.csv'), `${text}\n`);
      const journal = await importFile(join(folder, 'out.csv'), new DirectTarget(other.app), 'x_RowId');
      expect(countsOf(journal)).toMatchObject({ recorded: charges.length, refused: 0, differing: 0 });
      expect((await exported(other)).text).toBe(text);
    } finally {
      await other.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('usage of an own catalogue', () => {
  let app: TestApp;
  let rest: Rest;

  beforeAll(async () => {
    app = await startTestApp();
    rest = new Rest(app.rest, app.adminKey);
  });
  afterAll(() => app.close());

  async function meter(key: string, body: object, price?: object): Promise<void> {
    expect((await rest.put(`/api/v1/meters/${key}`, { unit: 'units', ...body })).status).toBe(200);
    if (!price) return;
    expect((await rest.put(`/api/v1/meters/${key}/list-price`, { currency: 'EUR', price })).status).toBe(200);
  }

  async function use(
    account: string,
    type: string,
    uses: readonly (readonly [string, string])[],
  ): Promise<void> {
    const events = uses.map(([at, quantity], place) => ({
      ...{ id: `${account} ${type} ${place}`, type, account, quantity, resource: 'r' },
      occurred_at: `2025-03-${at}:00Z`,
    }));
    const { body } = await rest.post<{ verdicts: { status: string }[] }>('/api/v1/events', {
      events,
      backfill: true,
    });
    expect(body.verdicts.every(({ status }) => status === 'recorded')).toBe(true);
  }

  const charged = (charges: readonly Line[]): string[] =>
    charges.map((line) => `${line.ChargePeriodStart!.slice(0, 10)} ${line.PricingQuantity} ${line.ListCost}`);

  it('is rated through its tiers day by day, from the beginning of the period', async () => {
    const tiers = [
      { up_to: '10', unit_amount: '1', flat_amount: '5' },
      { up_to: null, unit_amount: '0.5' },
    ];
    await meter('calls', { aggregation: 'sum' }, { model: 'graduated', tiers });
    await use('org:tiers', 'calls', [
      ['01T09:00', '8'],
      ['02T09:00', '4'],
      ['02T10:00', '2'],
      ['20T10:00', '10'],
    ]);
    const accounts = [parseAccountKey('org:tiers')];
    const days = ['2025-03-01 8 13', '2025-03-02 6 4', '2025-03-20 10 5'];
    expect(charged((await exported(app, { accounts })).charges)).toEqual(days);
    const later = await exported(app, { accounts, from: day('2025-03-02') });
    expect(charged(later.charges)).toEqual(days.slice(1));
    const whole = await exported(app, { accounts, by: 'period' });
    expect(charged(whole.charges)).toEqual(['2025-03-01 24 22']);
  });

  it('has its minimum trued up once the period is over and all of it exported', async () => {
    await meter(
      'scans_made',
      { aggregation: 'count' },
      { model: 'per_unit', unit_amount: '1', minimum_amount: '10' },
    );
    await use('org:minimum', 'scans_made', [
      ['01T09:00', '1'],
      ['05T09:00', '1'],
    ]);
    const accounts = [parseAccountKey('org:minimum')];
    expect(charged((await exported(app, { accounts })).charges)).toEqual([
      '2025-03-01 1 1',
      '2025-03-05 1 9',
    ]);
    const part = await exported(app, { accounts, to: day('2025-03-20') });
    expect(charged(part.charges)).toEqual(['2025-03-01 1 1', '2025-03-05 1 1']);
  });

  it('is one line per period where the figures of days do not add up', async () => {
    await meter('seats', { aggregation: 'max' }, { model: 'per_unit', unit_amount: '2' });
    await meter('servers', { aggregation: 'gauge_integral' }, { model: 'per_unit', unit_amount: '0.1' });
    await use('org:peaks', 'seats', [
      ['01T09:00', '3'],
      ['07T09:00', '5'],
    ]);
    await use('org:peaks', 'servers', [
      ['01T00:00', '2'],
      ['02T00:00', '0'],
    ]);
    const accounts = [parseAccountKey('org:peaks')];
    // 5 seats at 2.00; 2 servers for 24 hours at 0.10 an hour.
    expect(charged((await exported(app, { accounts })).charges).sort()).toEqual([
      '2025-03-01 48 4.8',
      '2025-03-01 5 10',
    ]);
  });

  it('is left out and named where it has no price, or several', async () => {
    await meter('unpriced', { aggregation: 'sum' });
    await meter('priced_twice', { aggregation: 'sum' }, { model: 'per_unit', unit_amount: '1' });
    const dollars = { currency: 'USD', price: { model: 'per_unit', unit_amount: '2' } };
    expect((await rest.put('/api/v1/meters/priced_twice/list-price', dollars)).status).toBe(200);
    await use('org:odd', 'unpriced', [['01T09:00', '1']]);
    await use('org:odd', 'priced_twice', [['01T09:00', '3']]);
    const accounts = [parseAccountKey('org:odd')];
    const leftOut: LeftOut = new Map();
    expect((await exported(app, { accounts }, leftOut)).charges).toEqual([]);
    expect([...leftOut].sort()).toEqual([
      ['priced_twice', 'has list prices in EUR and USD: choose one by --currency'],
      ['unpriced', 'has no list price'],
    ]);
    const inDollars = await exported(app, { accounts, currency: 'USD' as ExportOptions['currency'] });
    expect(charged(inDollars.charges)).toEqual(['2025-03-01 3 6']);
  });

  it('is rated by the version of the price that was in force, also from the middle of a day on', async () => {
    await meter('minutes', { aggregation: 'sum' }, { model: 'per_unit', unit_amount: '1' });
    const later = {
      currency: 'EUR',
      price: { model: 'per_unit', unit_amount: '3' },
      valid_from: '2025-03-10T12:00:00Z',
    };
    expect((await rest.put('/api/v1/meters/minutes/list-price', later)).status).toBe(200);
    await use('org:versions', 'minutes', [
      ['10T11:00', '2'],
      ['10T12:00', '5'],
    ]);
    const { charges } = await exported(app, { accounts: [parseAccountKey('org:versions')] });
    expect(charges.map((line) => [line.ChargePeriodStart, line.PricingQuantity, line.ListCost])).toEqual([
      ['2025-03-01T00:00:00Z', '2', '2'],
      ['2025-03-10T12:00:00Z', '5', '15'],
    ]);
  });
});
