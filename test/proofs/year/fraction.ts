/** Exact fractions of the proof's own, so that what the service computes with is not proved by itself. */
export interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

export const fraction = (n: bigint, d = 1n): Fraction => ({ n, d });
export const NONE = fraction(0n);

export const plus = (a: Fraction, b: Fraction): Fraction => lowest(a.n * b.d + b.n * a.d, a.d * b.d);
export const minus = (a: Fraction, b: Fraction): Fraction => lowest(a.n * b.d - b.n * a.d, a.d * b.d);
export const times = (a: Fraction, b: Fraction): Fraction => lowest(a.n * b.n, a.d * b.d);
export const isLess = (a: Fraction, b: Fraction): boolean => a.n * b.d < b.n * a.d;
export const isSame = (a: Fraction, b: Fraction): boolean => a.n * b.d === b.n * a.d;

function lowest(n: bigint, d: bigint): Fraction {
  let [a, b] = [n < 0n ? -n : n, d];
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? { n, d } : { n: n / a, d: d / a };
}

/** Reads `12.5`, `-3` or `1/3`. */
export function fractionOf(text: string): Fraction {
  const [top, bottom] = text.split('/');
  if (bottom !== undefined) return lowest(BigInt(top!), BigInt(bottom));
  const [whole, places = ''] = text.split('.');
  return lowest(BigInt(whole! + places), 10n ** BigInt(places.length));
}

/** Rounded half away from zero. */
export function rounded({ n, d }: Fraction): bigint {
  const size = ((n < 0n ? -n : n) * 2n + d) / (d * 2n);
  return n < 0n ? -size : size;
}
