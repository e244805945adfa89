import { parse } from 'csv-parse/sync';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importFocus } from '../../src/importers/focus-import';
import { FocusJournal } from '../../src/importers/focus-journal';
import type { FocusTarget } from '../../src/importers/focus-target';

export const SAMPLE = join(__dirname, '..', 'data', 'focus-1.0-sample-1000.csv');

/** Everything here is counted in 10^-30, with nothing of the code under test. */
const SCALE = 30;
/** The file's own rounding of one row. */
export const ROUNDING = 10n ** 21n;

export interface SampleRow {
  /** The first row stands in line 2. */
  readonly line: number;
  readonly id: string;
  readonly subAccount: string;
  readonly sku: string;
  /** What tells its price from others. */
  readonly price: string;
  readonly quantity: string;
  readonly isNegative: boolean;
  readonly hasPrice: boolean;
  /** Quantity times list unit price. */
  readonly product: bigint;
  readonly listCost: bigint;
  readonly agrees: boolean;
}

/** The sample as a general parser reads it. */
export function sampleRows(): SampleRow[] {
  const rows: Record<string, string>[] = parse(readFileSync(SAMPLE), { columns: true });
  return rows.map((row, index) => {
    const [quantity, unitPrice] = [row.PricingQuantity!, row.ListUnitPrice!];
    const hasPrice = quantity !== 'NULL' && unitPrice !== 'NULL';
    const product = hasPrice ? (units(quantity) * units(unitPrice)) / 10n ** BigInt(SCALE) : 0n;
    const listCost = units(row.ListCost!);
    return {
      line: index + 2,
      id: row.Id!,
      subAccount: row.SubAccountId!,
      sku: row.SkuId!,
      price: [row.SkuPriceId, row.SkuId, unitPrice].join(' '),
      quantity,
      isNegative: quantity.startsWith('-'),
      hasPrice,
      product,
      listCost,
      agrees: hasPrice && distance(product, listCost) <= ROUNDING,
    };
  });
}

/** A plain decimal in 10^-30. */
export function units(text: string): bigint {
  const [whole, fraction = ''] = text.replace('-', '').split('.');
  const magnitude = BigInt(whole! + fraction.padEnd(SCALE, '0'));
  return text.startsWith('-') ? -magnitude : magnitude;
}

export function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}

/** Rows added up by a name. */
export function sumBy<T>(
  rows: readonly T[],
  name: (row: T) => string,
  value: (row: T) => bigint,
): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const row of rows) sums.set(name(row), (sums.get(name(row)) ?? 0n) + value(row));
  return sums;
}

/** Imports a file and answers its journal. */
export async function importFile(path: string, target: FocusTarget, idColumn = 'Id'): Promise<FocusJournal> {
  const journal = new FocusJournal(null);
  const input = createReadStream(path, { highWaterMark: 65_536 });
  await importFocus(input, { idColumn, source: null }, { target, journal, onProgress: () => undefined });
  return journal;
}

/** The counts of a journal, without the sums. */
export function countsOf(journal: FocusJournal) {
  const { accounts: _, ...counts } = journal.summary();
  return counts;
}
