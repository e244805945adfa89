import type { ExceedPolicy } from './allowance';
import { type Quantity, quantityRatio } from './quantity';
import { addRatios, compareRatios, maxRatio, type Ratio, RATIO_ZERO, subtractRatios } from './ratio';

/** How an account stands with a meter in a period; amounts in base units. */
export interface Standing {
  /** Null = there is no figure yet, such as the largest of no readings. */
  readonly used: Ratio | null;
  /** Held by reservations that are neither committed, released nor expired. */
  readonly reserved: Quantity;
  /** Null = unlimited. */
  readonly limit: Quantity | null;
  readonly onExceed: ExceedPolicy;
}

/** Whether that much more would be let through: only `refuse` ever keeps use out, and reaching a limit is not over it. */
export function isLetThrough({ used, reserved, limit, onExceed }: Standing, more: Ratio): boolean {
  if (limit === null || onExceed !== 'refuse' || compareRatios(more, RATIO_ZERO) <= 0) return true;
  const after = addRatios(addRatios(used ?? RATIO_ZERO, quantityRatio(reserved)), more);
  return compareRatios(after, quantityRatio(limit)) <= 0;
}

/** What may still be used or reserved before the limit is reached, never below zero; null = unlimited. */
export function leftOf({ used, reserved, limit }: Standing): Ratio | null {
  if (limit === null) return null;
  const taken = addRatios(used ?? RATIO_ZERO, quantityRatio(reserved));
  return maxRatio(RATIO_ZERO, subtractRatios(quantityRatio(limit), taken));
}
