import { calculate } from '../../src/core/calculate';
import type { Currency } from '../../src/core/money';
import { parsePrice } from '../../src/core/price-shape';
import { parseQuantity } from '../../src/core/quantity';
import { DirectTarget } from '../../src/importers/focus-direct';
import type { FocusJournal } from '../../src/importers/focus-journal';
import { RestTarget } from '../../src/importers/focus-rest';
import { RollupService } from '../../src/usage/rollup.service';
import { startTestApp, type TestApp } from '../support/app';
import { type Books, readBooks } from '../support/books';
import { withClient } from '../support/postgres';
import { Rest } from '../support/rest';
import { countsOf, distance, importFile, ROUNDING, SAMPLE, sampleRows, sumBy, units } from './sample';

const ROWS = sampleRows();
const STORED = ROWS.filter((row) => row.hasPrice && !row.isNegative);
const REFUSED = ROWS.filter((row) => !row.hasPrice || row.isNegative);
const SEPTEMBER = 'from=2024-09-01T00:00:00Z&to=2024-10-01T00:00:00Z';

interface RatedEvent {
  event_id: string;
  account: string;
  quantity: string;
  price: unknown;
}

/** The exact cost of a quantity at a stored price, in 10^-30. */
function rated(quantity: string, price: unknown): bigint {
  const { exact } = calculate({
    currency: 'USD' as Currency,
    price: parsePrice(price),
    usage: [{ quantity: parseQuantity(quantity) }],
    before: [],
    final: true,
  });
  return (exact.numerator * 10n ** 30n) / exact.denominator;
}

async function books(app: TestApp): Promise<Books> {
  await app.app.get(RollupService, { strict: false }).catchUp();
  return readBooks(app.databaseUrl);
}

describe('the sample of real bills', () => {
  let app: TestApp;
  let journal: FocusJournal;

  beforeAll(async () => {
    app = await startTestApp();
    journal = await importFile(SAMPLE, new DirectTarget(app.app));
  });
  afterAll(() => app.close());

  const query = <R>(sql: string): Promise<R[]> =>
    withClient(app.databaseUrl, async (client) => (await client.query(sql)).rows as R[]);

  it('holds what its description says', () => {
    expect(ROWS).toHaveLength(1_000);
    expect(ROWS.filter((row) => row.agrees)).toHaveLength(968);
    expect(ROWS.filter((row) => row.agrees && row.isNegative)).toHaveLength(7);
    expect(ROWS.filter((row) => row.isNegative)).toHaveLength(12);
    expect(ROWS.filter((row) => !row.hasPrice)).toHaveLength(1);
  });

  it('is accounted for row by row', () => {
    expect(countsOf(journal)).toEqual({
      rows: 1_000,
      recorded: 987,
      duplicate: 0,
      conflict: 0,
      refused: 13,
      differing: 26,
      unlisted: 0,
    });
  });

  it('is stored as events with every digit of their quantities', async () => {
    const events = await query<{ event_id: string; quantity: string }>(
      'select event_id, quantity from usage_event',
    );
    const stored = new Map(events.map((event) => [event.event_id, units(event.quantity)]));
    expect(stored).toEqual(new Map(STORED.map((row) => [row.id, units(row.quantity)])));
  });

  it('is rated row by row as the bill says wherever the bill agrees with itself', async () => {
    const events = await query<RatedEvent>(`
      select e.event_id, a.key as account, e.quantity, p.price
      from usage_event e join account a on a.id = e.account_id
      join meter m on m.key = e.type join list_price p on p.meter_id = m.id`);
    expect(events).toHaveLength(STORED.length);
    const byId = new Map(STORED.map((row) => [row.id, row]));
    const wrong = events.filter(({ event_id, account, quantity, price }) => {
      const row = byId.get(event_id)!;
      const expected = row.agrees ? row.listCost : row.product;
      const allowed = row.agrees ? ROUNDING : 0n;
      return account !== `focus:${row.subAccount}` || distance(rated(quantity, price), expected) > allowed;
    });
    expect(wrong).toEqual([]);
  });

  it('comes out as totals of counters that match the bill, by sub-account', async () => {
    const counters = await query<{ account: string; sum: string; price: unknown }>(`
      select a.key as account, c.sum, p.price
      from usage_counter c join account a on a.id = c.account_id
      join list_price p on p.meter_id = c.meter_id where c.dims = ''`);
    const totals = sumBy(
      counters,
      ({ account }) => account.slice('focus:'.length),
      ({ sum, price }) => rated(sum, price),
    );
    const bill = sumBy(
      STORED,
      (row) => row.subAccount,
      (row) => (row.agrees ? row.listCost : row.product),
    );
    const rows = sumBy(
      STORED,
      (row) => row.subAccount,
      () => 1n,
    );
    expect([...totals.keys()].sort()).toEqual([...bill.keys()].sort());
    const off = [...totals].filter(
      ([name, sum]) => distance(sum, bill.get(name)!) > ROUNDING * rows.get(name)!,
    );
    expect(off).toEqual([]);
  });

  it('gives the same totals over the API', async () => {
    const rest = new Rest(app.rest, app.adminKey);
    const used = await query<{ account: string; meter: string }>(`
      select a.key as account, m.key as meter from usage_counter c
      join account a on a.id = c.account_id join meter m on m.id = c.meter_id where c.dims = ''`);
    let total = 0n;
    for (const { account, meter } of used) {
      const path = `/api/v1/meters/${meter}/charges?account=${encodeURIComponent(account)}&${SEPTEMBER}`;
      const { status, body } = await rest.get<{ amount_exact: string; currency: string }>(path);
      expect([status, body.currency]).toEqual([200, 'USD']);
      total += units(body.amount_exact);
    }
    const bill = STORED.reduce((sum, row) => sum + (row.agrees ? row.listCost : row.product), 0n);
    // Amounts leave the door with 15 places.
    expect(distance(total, bill)).toBeLessThanOrEqual(ROUNDING * BigInt(STORED.length));
  });

  it('has one meter and one price for each price of the bill', async () => {
    const meters = await query<{ key: string; unit: string }>(`
      select m.key, m.unit from meter m join list_price p on p.meter_id = m.id
      where p.currency = 'USD' and p.valid_from = 'epoch' and m.aggregation = 'sum' and m.event_types = array[m.key]`);
    expect(meters).toHaveLength(new Set(STORED.map((row) => row.price)).size);
    expect(meters.every(({ key }) => /^focus\.[a-z0-9._-]+-[0-9a-f]{16}$/.test(key))).toBe(true);
  });

  it('names every row that is not usage or not as the bill says, with its line', () => {
    const { shown, more } = journal.notes();
    expect(more).toBe(0);
    const lines = (outcome: string): number[] =>
      shown.filter((note) => note.outcome === outcome).map((note) => note.line);
    expect(lines('refused')).toEqual(REFUSED.map((row) => row.line));
    expect(lines('differing')).toEqual(STORED.filter((row) => !row.agrees).map((row) => row.line));
    expect(shown.find((note) => note.line === 458)).toEqual({
      line: 458,
      id: ROWS[456]!.id,
      outcome: 'refused',
      reason: 'ListUnitPrice: is missing: a charge of category "Credit" has no price per unit',
    });
    expect(shown.find((note) => note.line === 948)).toMatchObject({
      rated: '0.0000000015',
      list_cost: '0.000015',
      difference: '-0.0000149985',
    });
  });

  it('sums up what it rated and what the bill lists, by sub-account', () => {
    const { accounts } = journal.summary();
    expect(accounts).toHaveLength(new Set(STORED.map((row) => row.subAccount)).size);
    for (const { account, agreeing, differing } of accounts) {
      const mine = STORED.filter((row) => `focus:${row.subAccount}` === account);
      expect([agreeing.rows, differing.rows]).toEqual([
        mine.filter((row) => row.agrees).length,
        mine.filter((row) => !row.agrees).length,
      ]);
      expect(distance(units(agreeing.rated), units(agreeing.list_cost))).toBeLessThanOrEqual(
        ROUNDING * BigInt(agreeing.rows),
      );
    }
  });

  it('imported twice is imported once', async () => {
    const before = await books(app);
    const again = await importFile(SAMPLE, new DirectTarget(app.app));
    expect(countsOf(again)).toEqual({ ...countsOf(journal), recorded: 0, duplicate: 987 });
    expect(await books(app)).toEqual(before);
    expect(before.events).toBe(987);
  });

  it('makes the same books over the REST door, where it is known already when it comes again by the other way', async () => {
    const other = await startTestApp();
    try {
      const first = await importFile(SAMPLE, new RestTarget(other.rest, other.adminKey));
      expect(countsOf(first)).toEqual(countsOf(journal));
      expect(await books(other)).toEqual(await books(app));
      const second = await importFile(SAMPLE, new DirectTarget(other.app));
      expect(countsOf(second)).toMatchObject({ recorded: 0, duplicate: 987, refused: 13 });
    } finally {
      await other.close();
    }
  });
});
