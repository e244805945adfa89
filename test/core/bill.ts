import { calculate } from '../../src/core/calculate';
import { formatMoney, money, parseCurrency } from '../../src/core/money';
import { parsePrice } from '../../src/core/price-shape';
import { formatRatio, parseQuantity } from '../../src/core/quantity';
import type { Price, UsageEntry } from '../../src/core/price';

/** An entry as a test writes it: `22`, or `['1', '100.00']` for an event with an amount. */
export type Written =
  string | [quantity: string, amount: string] | { quantity: string; [dimension: string]: string };

export function entry(written: Written): UsageEntry {
  if (typeof written === 'string') return { quantity: parseQuantity(written) };
  if (Array.isArray(written))
    return { quantity: parseQuantity(written[0]), amount: parseQuantity(written[1]) };
  const { quantity, ...dimensions } = written;
  return { quantity: parseQuantity(quantity), dimensions };
}

export function entries(written: readonly Written[]): UsageEntry[] {
  return written.map(entry);
}

export interface Bill {
  /** `key quantity × unit amount = amount` of each line. */
  readonly lines: string[];
  readonly exact: string;
  readonly amount: string;
}

/** What a price bills for usage, in a form that reads like a bill. */
export function bill(
  price: Price | Record<string, unknown>,
  usage: readonly Written[],
  more: { before?: readonly Written[]; final?: boolean; currency?: string } = {},
): Bill {
  const currency = parseCurrency(more.currency ?? 'USD');
  const result = calculate({
    currency,
    price: parsed(price),
    usage: entries(usage),
    before: entries(more.before ?? []),
    final: more.final ?? true,
  });
  const lines = result.lines.map(({ key, quantity, unitAmount, minor }) => {
    const counted = quantity ? ` ${formatRatio(quantity)}` : '';
    const each = quantity && unitAmount ? ` × ${formatRatio(unitAmount)}` : '';
    return `${key}${counted}${each} = ${formatMoney(money(minor, currency))}`;
  });
  return { lines, exact: formatRatio(result.exact), amount: formatMoney(result.amount) };
}

function parsed(price: Price | Record<string, unknown>): Price {
  return 'includedQuantity' in price ? (price as Price) : parsePrice(price);
}
