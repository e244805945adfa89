/** An exact rational number; `denominator` is always positive. Not normalised: compare with `compareRatios`. */
export interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Builds a ratio; a zero denominator is a programming error and throws a RangeError. */
export function ratio(numerator: bigint, denominator: bigint = 1n): Ratio {
  if (denominator === 0n) throw new RangeError('a ratio needs a denominator other than zero');
  return denominator < 0n ? { numerator: -numerator, denominator: -denominator } : { numerator, denominator };
}

export const RATIO_ZERO: Ratio = { numerator: 0n, denominator: 1n };
export const RATIO_ONE: Ratio = { numerator: 1n, denominator: 1n };

/** The greatest common divisor, used to keep long chains of products small. */
function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** The same value in lowest terms. */
export function reduced(value: Ratio): Ratio {
  const divisor = gcd(value.numerator, value.denominator);
  if (divisor <= 1n) return value;
  return { numerator: value.numerator / divisor, denominator: value.denominator / divisor };
}

export function addRatios(a: Ratio, b: Ratio): Ratio {
  if (a.denominator === b.denominator) return ratio(a.numerator + b.numerator, a.denominator);
  return reduced(
    ratio(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator),
  );
}

export function subtractRatios(a: Ratio, b: Ratio): Ratio {
  return addRatios(a, ratio(-b.numerator, b.denominator));
}

/** Adds up any number of ratios; terms of one denominator cost one addition each, however many there are. */
export function sumRatios(values: Iterable<Ratio>): Ratio {
  const sums = new Map<bigint, bigint>();
  for (const { numerator, denominator } of values) {
    sums.set(denominator, (sums.get(denominator) ?? 0n) + numerator);
  }
  return [...sums].reduce(
    (sum, [denominator, numerator]) => addRatios(sum, ratio(numerator, denominator)),
    RATIO_ZERO,
  );
}

export function multiplyRatios(a: Ratio, b: Ratio): Ratio {
  return reduced(ratio(a.numerator * b.numerator, a.denominator * b.denominator));
}

/** Throws a RangeError when `b` is zero. */
export function divideRatios(a: Ratio, b: Ratio): Ratio {
  return reduced(ratio(a.numerator * b.denominator, a.denominator * b.numerator));
}

/** Negative, zero or positive as `a` is smaller than, equal to or greater than `b`. */
export function compareRatios(a: Ratio, b: Ratio): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function minRatio(a: Ratio, b: Ratio): Ratio {
  return compareRatios(b, a) < 0 ? b : a;
}

export function maxRatio(a: Ratio, b: Ratio): Ratio {
  return compareRatios(b, a) > 0 ? b : a;
}

/** Integer division rounded half away from zero; the denominator must be positive. */
export function divideHalfAwayFromZero(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError('divide by a positive denominator');
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = (magnitude * 2n + denominator) / (denominator * 2n);
  return numerator < 0n ? -rounded : rounded;
}

/** Integer division rounded towards positive infinity; the denominator must be positive. */
export function divideUp(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError('divide by a positive denominator');
  const quotient = numerator / denominator;
  return numerator > 0n && quotient * denominator !== numerator ? quotient + 1n : quotient;
}

/** Rounds `value × scale` half away from zero to an integer, e.g. dollars × 100 to cents. */
export function roundRatio(value: Ratio, scale: bigint = 1n): bigint {
  return divideHalfAwayFromZero(value.numerator * scale, value.denominator);
}
