import { allocate } from './allocation';
import type { Stretch } from './contribution';
import {
  divideRatios,
  maxRatio,
  multiplyRatios,
  ratio,
  RATIO_ZERO,
  reduced,
  roundRatio,
  subtractRatios,
  sumRatios,
  type Ratio,
} from './ratio';

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

/** What a part of the usage came to, under the name it is told by. */
export interface NamedAmount {
  readonly key: string;
  readonly amount: Ratio;
}

/**
 * Spreads a cost over parts of the usage that it was charged for, in proportion to them; usage that none of the parts
 * accounts for stands under `rest`. The parts add up to the cost exactly. All amounts are non-negative.
 */
export function spreadCost(
  { cost, usage }: { readonly cost: Ratio; readonly usage: Ratio },
  parts: readonly NamedAmount[],
  rest: string,
): NamedAmount[] {
  const known = sumRatios(parts.map(({ amount }) => amount));
  const missing = subtractRatios(usage, known);
  const hasRest = missing.numerator > 0n || known.numerator === 0n;
  const all = hasRest ? [...parts, { key: rest, amount: maxRatio(missing, RATIO_ZERO) }] : parts;
  const whole = maxRatio(usage, known);
  if (whole.numerator === 0n) return [{ key: rest, amount: cost }];
  return all.map(({ key, amount }) => ({ key, amount: multiplyRatios(cost, divideRatios(amount, whole)) }));
}

/** Adds up what stands under one name, in the order in which the names come first. */
export function sumByKey(amounts: readonly NamedAmount[]): NamedAmount[] {
  const byKey = new Map<string, Ratio[]>();
  for (const { key, amount } of amounts) byKey.set(key, [...(byKey.get(key) ?? []), amount]);
  return [...byKey].map(([key, all]) => ({ key, amount: sumRatios(all) }));
}
