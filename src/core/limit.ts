import type { ExceedPolicy } from './allowance';
import { quantity, ZERO, type Quantity } from './quantity';
import { divideUp, type Ratio } from './ratio';

/** What holds for the use of one meter in a period, in base units of the meter. */
export interface LimitRule {
  readonly limit: Quantity;
  readonly onExceed: ExceedPolicy;
}

/** A limit in units of the meter as the amount of base units that reaches it: `divideBy` of them make one unit. */
export function limitInBaseUnits(limit: Quantity, divideBy: Ratio): Quantity {
  return quantity(divideUp(limit * divideBy.numerator, divideBy.denominator));
}

/**
 * Up to where a counter that stands at `used` may be added to without a look: nothing is refused, goes over the limit or
 * reaches a threshold (in whole percent) before. Over the limit it lies below `used`: every addition is looked at.
 */
export function guardOf(used: Quantity, { limit }: LimitRule, thresholds: readonly number[]): Quantity {
  const before = (percent: number) => quantity(divideUp(limit * BigInt(percent), 100n) - 1n);
  const ahead = thresholds.map(before).filter((point) => point >= used);
  return [limit, ...ahead].reduce((least, point) => (point < least ? point : least));
}

/**
 * Whether a change may be counted under a limit of policy `refuse` (decision 5). What takes use down is always
 * admitted, so that somebody over a limit that was lowered can get below it again. Reaching the limit is not over it.
 */
export function admit(change: {
  used: Quantity;
  /** Held by reservations that are neither committed nor released. */
  reserved: Quantity;
  delta: Quantity;
  limit: Quantity | null;
}): boolean {
  const { used, reserved, delta, limit } = change;
  return limit === null || delta <= 0n || used + reserved + delta <= limit;
}

/** What may still be used before the limit is reached, never below zero; null = unlimited. */
export function remaining(used: Quantity, limit: Quantity | null): Quantity | null {
  if (limit === null) return null;
  return used < limit ? quantity(limit - used) : ZERO;
}

/** The part of a value that lies beyond a limit. */
export function overage(value: Quantity, limit: Quantity | null): Quantity {
  return limit !== null && value > limit ? quantity(value - limit) : ZERO;
}

/** How far a counter that moved from `before` to `after` went further beyond the limit; negative when it came back. */
export function overageDelta(counter: {
  before: Quantity;
  after: Quantity;
  limit: Quantity | null;
}): Quantity {
  return quantity(overage(counter.after, counter.limit) - overage(counter.before, counter.limit));
}

/**
 * The thresholds, in whole percent of a limit, that a counter reached on its way from `before` to `after`, ascending
 * and each once. 100 is reached at the limit itself; nothing is reached without use, not even a limit of zero. On the
 * way down nothing is crossed, and without a limit neither.
 */
export function crossings(
  counter: { before: Quantity; after: Quantity; limit: Quantity | null },
  thresholds: readonly number[],
): number[] {
  const { before, after, limit } = counter;
  if (limit === null) return [];
  const reached = (value: Quantity, percent: number) => value > 0n && value * 100n >= limit * BigInt(percent);
  const passed = thresholds.filter((percent) => !reached(before, percent) && reached(after, percent));
  return [...new Set(passed)].sort((a, b) => a - b);
}
