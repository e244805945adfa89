import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectTarget } from '../../src/importers/focus-direct';
import { importFocus } from '../../src/importers/focus-import';
import { UnreadableFile } from '../../src/importers/unreadable-file';
import { FocusJournal } from '../../src/importers/focus-journal';
import { reportLines } from '../../src/importers/focus-report';
import type { FocusTarget } from '../../src/importers/focus-target';
import type { RowVerdict } from '../../src/importers/row-verdict';
import { ReportFile } from '../../src/importers/report-file';
import { ListPriceService } from '../../src/pricing/list-price.service';
import { DomainError } from '../../src/core/errors';
import type { FocusUsage } from '../../src/core/focus';
import { startTestApp, type TestApp } from '../support/app';
import { readBooks } from '../support/books';
import { Rest } from '../support/rest';
import { countsOf, importFile } from './sample';

const COLUMNS = [
  'Id',
  'SubAccountId',
  'BillingCurrency',
  'ChargePeriodStart',
  'SkuId',
  'SkuPriceId',
  'ListUnitPrice',
  'PricingQuantity',
  'PricingUnit',
  'ListCost',
];

/** One hour of 3 units at 0.40 each. */
const ROW = {
  Id: '1',
  SubAccountId: 'shop',
  BillingCurrency: 'USD',
  ChargePeriodStart: '2024-09-18 22:00:00',
  SkuId: 'S1',
  SkuPriceId: 'S1.A',
  ListUnitPrice: '0.40',
  PricingQuantity: '3',
  PricingUnit: 'Hours',
  ListCost: '1.2',
};
type Row = Partial<typeof ROW>;

const line = (row: Row): string =>
  COLUMNS.map((name) => `"${{ ...ROW, ...row }[name as keyof Row]}"`).join(',');
const file = (...rows: readonly (Row | string)[]): string =>
  [COLUMNS.join(','), ...rows.map((row) => (typeof row === 'string' ? row : line(row)))].join('\n');

let folder: string;
let app: TestApp;
let target: FocusTarget;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'focus-'));
  app = await startTestApp();
  target = new DirectTarget(app.app);
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});

/** Every file of a test has ids of its own. */
async function importText(text: string, into: FocusTarget = target): Promise<FocusJournal> {
  const path = join(folder, 'bill.csv');
  writeFileSync(path, text);
  return importFile(path, into);
}

const notes = (journal: FocusJournal): string[] =>
  journal.notes().shown.map(({ line: at, outcome, reason }) => `${at} ${outcome} ${reason}`);

describe('rows that are no usage', () => {
  it('are told by line and reason, and every other row is stored', async () => {
    const journal = await importText(
      file(
        { Id: 'a1' },
        { Id: 'a2', PricingQuantity: '-3' },
        `"a3","shop`,
        { Id: 'a4', BillingCurrency: 'Euro' },
        '"a5","shop"',
        { Id: 'a6', PricingQuantity: 'three' },
        line({ Id: 'a7' }).replace('"shop"', '"a ""quoted"", name"'),
        { Id: 'NULL' },
        { Id: 'a9', ListUnitPrice: '' },
        { Id: 'a10' },
      ),
    );
    expect(countsOf(journal)).toMatchObject({ rows: 10, recorded: 3, refused: 7 });
    expect(notes(journal)).toEqual([
      '3 refused PricingQuantity: "-3" is negative: correct usage by voiding or amending its event',
      '4 refused the line opens a quote and never closes it',
      '5 refused BillingCurrency: "Euro" is no currency of ISO 4217',
      '6 refused row: has 2 cells where the header has 10',
      '7 refused PricingQuantity: "three" is not a decimal with at most 15 places',
      '9 refused id: is missing, so that a second import could not know the row',
      '10 refused ListUnitPrice: is missing: the row has no price per unit',
    ]);
    expect(journal.summary().accounts.map(({ account }) => account)).toEqual([
      'focus:a%20"quoted",%20name',
      'focus:shop',
    ]);
  });

  it('are in the report file too, as one document or line by line', () => {
    const write = (name: string): string => {
      const report = new ReportFile(join(folder, name));
      report.row({ line: 2, outcome: 'refused' });
      report.row({ line: 3, outcome: 'refused' });
      report.close({ rows: 5 });
      return readFileSync(join(folder, name), 'utf8');
    };
    expect(JSON.parse(write('report.json'))).toEqual({
      rows: [
        { line: 2, outcome: 'refused' },
        { line: 3, outcome: 'refused' },
      ],
      summary: { rows: 5 },
    });
    expect(write('report.ndjson')).toBe(
      '{"line":2,"outcome":"refused"}\n{"line":3,"outcome":"refused"}\n{"summary":{"rows":5}}\n',
    );
  });

  it('are printed up to a hundred, and the others counted', async () => {
    const journal = await importText(
      file(...Array.from({ length: 130 }, (_, i) => ({ Id: `p${i}`, ListUnitPrice: '' }))),
    );
    const text = reportLines(journal).join('\n');
    expect(text).toMatch(/^rows read +130\nrecorded +0\n/);
    expect(text.match(/: refused: /g)).toHaveLength(100);
    expect(text).toContain('and 30 more; --report writes all of them');
  });
});

describe('a row that comes again', () => {
  it('with the same content is a duplicate, also inside of one file', async () => {
    const journal = await importText(file({ Id: 'b1' }, { Id: 'b1' }, { Id: 'b2' }));
    expect(countsOf(journal)).toMatchObject({ recorded: 2, duplicate: 1, conflict: 0 });
  });

  it('with other content is a conflict that names what differs', async () => {
    await importText(file({ Id: 'c1' }));
    const journal = await importText(file({ Id: 'c1', PricingQuantity: '4', ListCost: '1.6' }, { Id: 'c2' }));
    expect(countsOf(journal)).toMatchObject({ recorded: 1, duplicate: 0, conflict: 1, refused: 0 });
    expect(notes(journal)).toEqual([
      '2 conflict the id is taken by an event that differs in quantity, properties.list_cost',
    ]);
  });
});

describe('a price', () => {
  it('whose meter measures something else by now refuses its rows and no others', async () => {
    const rest = new Rest(app.rest, app.adminKey);
    const keys: string[] = [];
    const spy: FocusTarget = {
      prepare: async (prices) => {
        keys.push(...prices.map(({ meter }) => meter));
        return new Map();
      },
      record: async (rows) => rows.map((): RowVerdict => ({ status: 'recorded' })),
    };
    await importText(file({ Id: 'd1', SkuId: 'S9' }), spy);
    await rest.put(`/api/v1/meters/${keys[0]}`, { unit: 'Hours', aggregation: 'max' });
    const journal = await importText(file({ Id: 'd1', SkuId: 'S9' }, { Id: 'd2' }));
    expect(countsOf(journal)).toMatchObject({ recorded: 1, refused: 1 });
    expect(notes(journal)).toEqual([`2 refused the meter ${keys[0]} exists and measures something else`]);
  });

  it('is made once by two imports at the same moment', async () => {
    const prices = app.app.get(ListPriceService, { strict: false });
    const text = file({ Id: 'e1', SkuId: 'S10' }, { Id: 'e2', SkuId: 'S11' });
    const path = join(folder, 'twice.csv');
    writeFileSync(path, text);
    const journals = await Promise.all([
      importFile(path, target),
      importFile(path, new DirectTarget(app.app)),
    ]);
    const sums = journals.map((journal) => countsOf(journal));
    expect(sums[0]!.recorded + sums[1]!.recorded).toBe(2);
    expect(sums[0]!.duplicate + sums[1]!.duplicate).toBe(2);
    expect([...(await prices.all()).values()].every((versions) => versions.length === 1)).toBe(true);
  });
});

describe('an import that is interrupted', () => {
  const rows = Array.from({ length: 2_500 }, (_, i) => ({ Id: `f${i}`, SubAccountId: `team ${i % 7}` }));

  it('goes on where it was when it is run again', async () => {
    let batches = 0;
    const broken: FocusTarget = {
      prepare: (prices) => target.prepare(prices),
      record: async (usages: readonly FocusUsage[]) => {
        if (++batches > 1) throw new Error('the power is gone');
        return target.record(usages);
      },
    };
    const before = (await readBooks(app.databaseUrl)).events;
    await expect(importText(file(...rows), broken)).rejects.toThrow('the power is gone');
    expect((await readBooks(app.databaseUrl)).events).toBe(before + 1_000);
    const journal = await importText(file(...rows));
    expect(countsOf(journal)).toMatchObject({ rows: 2_500, recorded: 1_500, duplicate: 1_000 });
    expect((await readBooks(app.databaseUrl)).events).toBe(before + 2_500);
  });

  it('waits for a database that is away for a moment', async () => {
    let calls = 0;
    const shaky: FocusTarget = {
      prepare: (prices) => target.prepare(prices),
      record: async (usages) => {
        if (calls++ % 2 === 0) throw new DomainError('unavailable', 'not now');
        return target.record(usages);
      },
    };
    const journal = await importText(file({ Id: 'g1' }, { Id: 'g2' }), shaky);
    expect(countsOf(journal)).toMatchObject({ recorded: 2, refused: 0 });
  });
});

describe('a file that is no bill', () => {
  it.each([
    ['', 'the file is empty'],
    [
      'Id,SubAccountId\n',
      'The header lacks BillingCurrency, ChargePeriodStart, ListUnitPrice, PricingQuantity',
    ],
    ['"Id\n', 'the header opens a quote and never closes it'],
  ])('%j: %s', async (text, reason) => {
    const input = (async function* () {
      yield Buffer.from(text);
    })();
    const parts = { target, journal: new FocusJournal(null), onProgress: () => undefined };
    const reading = importFocus(input, { idColumn: 'Id', source: null }, parts);
    await expect(reading).rejects.toThrow(new UnreadableFile(reason));
  });
});
