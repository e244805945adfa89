import { allocate } from './allocation';
import { ONE, type Quantity } from './quantity';
import { divideHalfAwayFromZero } from './ratio';

/** A coupon that an account has: off the sum of an invoice, after prices and before tax (pricing rule 9). */
export type Discount = { readonly name: string } & (
  | { readonly percent: Quantity }
  /** In minor units of the invoice's currency. */
  | { readonly minor: bigint }
);

/** What one discount takes off, in all and of each line; `perLine` adds up to `minor`. */
export interface AppliedDiscount {
  readonly discount: Discount;
  readonly minor: bigint;
  readonly perLine: readonly bigint[];
}

/**
 * Applies discounts one after the other to the lines of an invoice (minor units). Each is rounded once on the sum and
 * shared over the lines that cost something by largest remainder (rule 8). Together they never take more than there is, and
 * a line that gives money back neither gains nor loses by them.
 */
export function applyDiscounts(lines: readonly bigint[], discounts: readonly Discount[]): AppliedDiscount[] {
  let left = lines.map((line) => (line > 0n ? line : 0n));
  return discounts.map((discount) => {
    const sum = left.reduce((total, line) => total + line, 0n);
    const minor = least(amountOf(discount, sum), sum);
    const perLine = minor === 0n ? left.map(() => 0n) : allocate(minor, left);
    left = left.map((line, i) => line - perLine[i]!);
    return { discount, minor, perLine };
  });
}

function amountOf(discount: Discount, sum: bigint): bigint {
  if ('minor' in discount) return discount.minor;
  return divideHalfAwayFromZero(sum * discount.percent, 100n * ONE);
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
