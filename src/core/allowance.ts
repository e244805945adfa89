import { prorate } from './proration';
import { quantity, ZERO, type Quantity } from './quantity';
import { addRatios, maxRatio, minRatio, ratio, RATIO_ZERO, subtractRatios, type Ratio } from './ratio';

/**
 * What happens to use beyond the limit (beyond what is included where there is no limit): `bill` counts and charges
 * it, `flag` counts it and records the crossing, `refuse` does not let it happen.
 */
export type ExceedPolicy = 'bill' | 'flag' | 'refuse';

/** What a plan includes of a meter per period, in units of the meter. */
export interface Allowance {
  /** Costs nothing; null = everything up to the limit is included, and without a limit everything. */
  readonly included: Quantity | null;
  /** Null = unlimited. */
  readonly limit: Quantity | null;
  readonly onExceed: ExceedPolicy;
  /** Null = what is not used lapses with the period (rule 15). */
  readonly rollover: Rollover | null;
}

export interface Rollover {
  /** The most that one period hands to the next; null = all of it. */
  readonly maximum: Quantity | null;
}

/** What an allowance covers in a whole period; null = everything. */
export function includedIn({ included, limit }: Allowance): Quantity | null {
  return included ?? limit;
}

/** Divides use into what an allowance covers and what goes beyond; the two always add up to `used`. */
export function splitAllowance(
  used: Quantity,
  included: Quantity | null,
): { covered: Quantity; overage: Quantity } {
  if (included === null) return { covered: used, overage: ZERO };
  const covered = used < included ? used : included;
  return { covered, overage: quantity(used - covered) };
}

/** What the next period is given of what this one did not use, never below zero. All in units of the meter. */
export function carryOver(rollover: Rollover | null, period: { included: Ratio; used: Ratio }): Ratio {
  if (rollover === null) return RATIO_ZERO;
  const unused = maxRatio(RATIO_ZERO, subtractRatios(period.included, period.used));
  return rollover.maximum === null ? unused : minRatio(unused, prorate(rollover.maximum, ratio(1n)));
}

/** What is covered in a share of a period: the included amount shrinks with it, what was carried over does not. */
export function coveredIn(included: Quantity, part: { share: Ratio; carriedOver: Ratio }): Ratio {
  return addRatios(prorate(included, part.share), part.carriedOver);
}
