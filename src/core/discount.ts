import { allocate } from './allocation';
import { roundToMinor, type Currency } from './money';
import { ONE, quantityRatio, type Quantity } from './quantity';
import { divideHalfAwayFromZero } from './ratio';

/** A coupon that an account has: off the sum of an invoice, after prices and before tax (pricing rule 9). */
export type Discount = { readonly name: string } & (
  | { readonly percent: Quantity }
  /** In minor units of the invoice's currency. */
  | { readonly minor: bigint }
);

/** A coupon as it was agreed to, with its end. */
export type TimedDiscount = {
  readonly name: string;
  /** Milliseconds since 1970; invoices of periods that begin at it or later do without. Null = for good. */
  readonly endsAt: number | null;
} & (
  | { readonly percent: Quantity }
  /** In major units of the plan's currency, off each invoice. */
  | { readonly amount: Quantity }
);

/** Those that an invoice of a period beginning at `from` gets, in minor units of its currency. */
export function discountsFrom(
  discounts: readonly TimedDiscount[],
  from: number,
  currency: Currency,
): Discount[] {
  const running = discounts.filter(({ endsAt }) => endsAt === null || from < endsAt);
  return running.map((discount) =>
    'percent' in discount
      ? { name: discount.name, percent: discount.percent }
      : { name: discount.name, minor: roundToMinor(quantityRatio(discount.amount), currency) },
  );
}

/** What one discount takes off, in all and of each line; `perLine` adds up to `minor`. */
export interface AppliedDiscount {
  readonly discount: Discount;
  readonly minor: bigint;
  readonly perLine: readonly bigint[];
}

/**
 * Applies discounts one after the other to the lines of an invoice (minor units). A percent is rounded once on the sum of the
 * lines that cost something and once on that of those that give money back, which gave it with the discount taken off; a
 * fixed amount looks at the former alone. Each is shared over its lines by largest remainder (rule 8), and together they
 * never turn a line's sign.
 */
export function applyDiscounts(lines: readonly bigint[], discounts: readonly Discount[]): AppliedDiscount[] {
  let left = [...lines];
  return discounts.map((discount) => {
    const costs = sharedOver(
      left.map((line) => (line > 0n ? line : 0n)),
      discount,
    );
    const gives = sharedOver(
      left.map((line) => (line < 0n ? -line : 0n)),
      'percent' in discount ? discount : null,
    );
    const perLine = costs.map((part, i) => part - gives[i]!);
    left = left.map((line, i) => line - perLine[i]!);
    return { discount, minor: perLine.reduce((sum, part) => sum + part, 0n), perLine };
  });
}

/** What the discount takes off each of these sums, none of which is negative; null = nothing. */
function sharedOver(lines: readonly bigint[], discount: Discount | null): bigint[] {
  const sum = lines.reduce((total, line) => total + line, 0n);
  const minor = discount === null ? 0n : least(amountOf(discount, sum), sum);
  return minor === 0n ? lines.map(() => 0n) : allocate(minor, lines);
}

function amountOf(discount: Discount, sum: bigint): bigint {
  if ('minor' in discount) return discount.minor;
  return divideHalfAwayFromZero(sum * discount.percent, 100n * ONE);
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
