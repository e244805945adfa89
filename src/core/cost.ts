import { allocate } from './allocation';
import type { Stretch } from './contribution';
import { divideRatios, multiplyRatios, ratio, RATIO_ZERO, reduced, roundRatio, sumRatios } from './ratio';
import type { Ratio } from './ratio';

const MS_PER_HOUR = 3_600_000n;
const CENTS_PER_UNIT = 100n;
/** The hours of Waybill's month, whichever month it is (TR-12). */
const HOURS_A_MONTH = 720n;

/**
 * What a month of 720 hours would cost if it went on like the stretch, in the unit of `total`; zero for an empty stretch.
 * It holds for past months too: one of 744 hours is scaled down.
 */
export function estimatedMonthly(total: Ratio, { from, to }: Stretch): Ratio {
  if (to <= from) return RATIO_ZERO;
  const hours = ratio(BigInt(to - from), MS_PER_HOUR);
  return divideRatios(multiplyRatios(total, ratio(HOURS_A_MONTH)), hours);
}

/** Major units of a currency of two places in cents, rounded half away from zero. */
export function centsOf(amount: Ratio): bigint {
  return roundRatio(amount, CENTS_PER_UNIT);
}

/** What all parts cost together in cents, rounded once, and shared among them by largest remainder. */
export interface SharedCents {
  readonly total: bigint;
  readonly parts: readonly bigint[];
}

/** Rounds the sum of exact, non-negative parts (major units) to cents and shares it among them, so that they add up. */
export function shareCents(parts: readonly Ratio[]): SharedCents {
  const total = centsOf(sumRatios(parts));
  return { total, parts: shareOut(total, parts) };
}

/** Shares whole units in proportion to exact, non-negative weights. Where all weigh nothing, the parts are equal. */
export function shareOut(total: bigint, weights: readonly Ratio[]): bigint[] {
  if (weights.length === 0) return [];
  const lowest = weights.map(reduced);
  const common = lowest.reduce((soFar, { denominator }) => leastCommonMultiple(soFar, denominator), 1n);
  return allocate(
    total,
    lowest.map(({ numerator, denominator }) => numerator * (common / denominator)),
  );
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  return a * reduced({ numerator: b, denominator: a }).numerator;
}
