import type { Tier } from './price';
import { ONE, type Quantity } from './quantity';
import { multiplyRatios, ratio, reduced, type Ratio } from './ratio';
import type { Window } from './window';

/** A tier with exact bounds and fees, after proration. */
export interface ExactTier {
  readonly upTo: Ratio | null;
  readonly unitAmount: Ratio;
  readonly flatAmount: Ratio;
}

/**
 * The share of `part` in `period`, by exact time in milliseconds (pricing rule 12). The period is the actual one: a
 * local day of 23 hours is a whole day. Throws a RangeError for an empty period and for a part that is not in it.
 */
export function shareOf(part: Window, period: Window): Ratio {
  const [from, to] = [part.from.getTime(), part.to.getTime()];
  const [start, end] = [period.from.getTime(), period.to.getTime()];
  if (!(start < end)) throw new RangeError('a period must end after it begins');
  if (!(start <= from && from <= to && to <= end)) throw new RangeError('a part must lie in its period');
  return reduced(ratio(BigInt(to - from), BigInt(end - start)));
}

/** The share of an amount or of an included quantity, exact: it is rounded once, at the line. */
export function prorate(value: Quantity, share: Ratio): Ratio {
  return multiplyRatios(ratio(value, ONE), share);
}

/**
 * Tiers for a part of a period (rule 9b). Bounds and flat fees shrink with the time, prices per unit do not: usage
 * that comes evenly then costs the same, however the period is cut into segments.
 */
export function prorateTiers(tiers: readonly Tier[], share: Ratio): ExactTier[] {
  return tiers.map((tier) => ({
    upTo: tier.upTo === null ? null : prorate(tier.upTo, share),
    unitAmount: ratio(tier.unitAmount, ONE),
    flatAmount: prorate(tier.flatAmount, share),
  }));
}
