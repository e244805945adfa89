import { compareRatios, multiplyRatios, RATIO_ONE, RATIO_ZERO, subtractRatios, sumRatios } from './ratio';
import type { Ratio } from './ratio';
import { roundToMinor, type Currency } from './money';

/** One line of a bill before it is rounded; amounts are in major units. */
export interface Line {
  /** What the line is about, the same however often the period is rated: two ratings are subtracted by it. */
  readonly key: string;
  readonly description: string;
  /** Null for what is not counted in units: a fee, a true-up. */
  readonly quantity: Ratio | null;
  /** Only where quantity times it is the amount. */
  readonly unitAmount: Ratio | null;
  readonly amount: Ratio;
  /** Set on a line whose purpose is to keep the sum of the lines before it on one side of `at`. */
  readonly bound: Bound | null;
}

export interface Bound {
  readonly kind: 'at-least' | 'at-most';
  readonly at: Ratio;
}

/** A line with the minor units that are billed for it. */
export interface RoundedLine extends Line {
  readonly minor: bigint;
}

/** A line that counts something at a price per unit. */
export function countedLine(line: {
  key: string;
  description: string;
  quantity: Ratio;
  unitAmount: Ratio;
}): Line {
  return { ...line, amount: multiplyRatios(line.quantity, line.unitAmount), bound: null };
}

/** A line that is due once. */
export function feeLine(key: string, description: string, amount: Ratio): Line {
  return { key, description, quantity: null, unitAmount: amount, amount, bound: null };
}

/** A line of any amount, over so many units, where no single price per unit leads from one to the other. */
export function amountLine(line: { key: string; description: string; quantity: Ratio; amount: Ratio }): Line {
  return { ...line, unitAmount: null, bound: null };
}

/** The exact sum of lines, in major units. */
export function sumOfLines(lines: readonly Line[]): Ratio {
  return sumRatios(lines.map((line) => line.amount));
}

/** What has to be added to `sum` so that it keeps the bound; zero when it does already. */
export function missingTo(bound: Bound, sum: Ratio): Ratio {
  const missing = subtractRatios(bound.at, sum);
  const wanted = bound.kind === 'at-least' ? 1 : -1;
  return compareRatios(missing, RATIO_ZERO) === wanted ? missing : RATIO_ZERO;
}

/**
 * Rounds each line once, half away from zero, to the exponent of the currency (pricing rule 16). A bound is kept in
 * rounded money too: its line carries whatever leads from the rounded lines before it to the rounded bound, so that
 * three lines of 1.115 under a cap of 3.00 never come to 3.01.
 */
export function roundLines(lines: readonly Line[], currency: Currency): RoundedLine[] {
  let sum = 0n;
  return lines.map((line) => {
    const minor = line.bound ? missingMinor(line.bound, sum, currency) : roundToMinor(line.amount, currency);
    sum += minor;
    return { ...line, minor };
  });
}

function missingMinor(bound: Bound, sum: bigint, currency: Currency): bigint {
  const missing = roundToMinor(bound.at, currency) - sum;
  const wanted = bound.kind === 'at-least' ? missing > 0n : missing < 0n;
  return wanted ? missing : 0n;
}

/**
 * What `after` bills beyond `before`, line by line (pricing rule 3). The rounded amounts are subtracted, not the exact
 * ones: the parts of a period then add up to the whole to the last cent, however often it was cut. Lines that did not
 * move are left out, and so are new ones that neither count nor cost anything.
 */
export function lineDifference<L extends RoundedLine>(after: readonly L[], before: readonly L[]): L[] {
  const earlier = new Map(before.map((line) => [line.key, line]));
  const moved = after.map((line) => changed(line, earlier.get(line.key)));
  const kept = new Set(after.map((line) => line.key));
  const gone = before.filter((line) => !kept.has(line.key)).map(withdrawn);
  return [...moved, ...gone].filter((line) => line !== null);
}

function changed<L extends RoundedLine>(line: L, earlier: RoundedLine | undefined): L | null {
  const quantity = line.quantity && subtractRatios(line.quantity, earlier?.quantity ?? RATIO_ZERO);
  const amount = subtractRatios(line.amount, earlier?.amount ?? RATIO_ZERO);
  const minor = line.minor - (earlier?.minor ?? 0n);
  const still = amount.numerator === 0n && minor === 0n && (quantity?.numerator ?? 0n) === 0n;
  const once = quantity === null && line.bound === null && earlier === undefined;
  if (still && !once) return null;
  return { ...line, quantity, amount, minor, unitAmount: explains(line.unitAmount, quantity, amount) };
}

/** The price per unit stays only where it still leads from the quantity to the amount. */
function explains(unitAmount: Ratio | null, quantity: Ratio | null, amount: Ratio): Ratio | null {
  if (unitAmount === null) return null;
  const product = multiplyRatios(unitAmount, quantity ?? RATIO_ONE);
  return compareRatios(product, amount) === 0 ? unitAmount : null;
}

/** A line that was billed and is no longer due. */
function withdrawn<L extends RoundedLine>(line: L): L | null {
  const nothing: L = {
    ...line,
    quantity: line.quantity && RATIO_ZERO,
    amount: RATIO_ZERO,
    minor: 0n,
  };
  return changed(nothing, line);
}
