import { allocate } from './allocation';
import { ONE, type Quantity } from './quantity';
import { divideHalfAwayFromZero } from './ratio';

/** A tax an account is charged. Its base is the sum of an invoice, never a line (pricing rule 17). */
export interface TaxRate {
  readonly name: string;
  /** 19 means 19 %, at the common scale. */
  readonly percent: Quantity;
  /** Whether the amounts it is computed on contain it already. */
  readonly inclusive: boolean;
}

/** What one rate comes to, in minor units. */
export interface Tax {
  readonly rate: TaxRate;
  readonly minor: bigint;
}

/** An invoice's sum taken apart: `net` and all taxes together are `total`. */
export interface TaxedSum {
  readonly net: bigint;
  readonly taxes: readonly Tax[];
  readonly total: bigint;
}

const HUNDRED_PERCENT = 100n * ONE;

/**
 * The taxes on a sum of minor units. Inclusive rates are taken out of it, so that net and inclusive taxes are the sum to
 * the last cent; exclusive rates are added, each on the net and each rounded once, half away from zero.
 */
export function taxSum(sum: bigint, rates: readonly TaxRate[]): TaxedSum {
  const inclusive = rates.filter((rate) => rate.inclusive);
  const [net, ...contained] = allocate(sum, [HUNDRED_PERCENT, ...inclusive.map((rate) => rate.percent)]);
  const taxes = rates.map((rate) => ({
    rate,
    minor: rate.inclusive
      ? contained[inclusive.indexOf(rate)]!
      : divideHalfAwayFromZero(net! * rate.percent, HUNDRED_PERCENT),
  }));
  return { net: net!, taxes, total: taxes.reduce((total, { minor }) => total + minor, net!) };
}

/**
 * The tax that a credit note gives back: in proportion to what it credits of the net, and for the note that credits the
 * last of it whatever is left, so that the notes' taxes always add up to the invoice's. Throws a RangeError when more is
 * credited than was billed.
 */
export function taxOfCreditNote(
  invoice: { readonly net: bigint; readonly tax: bigint },
  credited: { readonly net: bigint; readonly tax: bigint },
  net: bigint,
): bigint {
  const left = invoice.net - credited.net;
  if (net < 0n || net > left)
    throw new RangeError('a credit note must not exceed what is left of its invoice');
  const taxLeft = invoice.tax - credited.tax;
  if (net === left) return taxLeft;
  const share = divideHalfAwayFromZero(invoice.tax * net, invoice.net);
  // Many small notes may each be rounded up; together they still give back no more than was charged.
  return share < taxLeft ? share : taxLeft;
}
