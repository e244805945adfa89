import fc from 'fast-check';
import {
  addRatios,
  compareRatios,
  divideHalfAwayFromZero,
  divideRatios,
  divideUp,
  maxRatio,
  minRatio,
  multiplyRatios,
  ratio,
  reduced,
  roundRatio,
  subtractRatios,
  sumRatios,
  type Ratio,
} from '../../src/core/ratio';

const anyRatio = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.bigInt({ min: 1n, max: 10n ** 18n }))
  .map(([numerator, denominator]) => ratio(numerator, denominator));

const same = (a: Ratio, b: Ratio) => compareRatios(a, b) === 0;

describe('a ratio', () => {
  it('keeps its denominator positive and refuses zero', () => {
    expect(ratio(1n, -3n)).toEqual({ numerator: -1n, denominator: 3n });
    expect(() => ratio(1n, 0n)).toThrow(RangeError);
    expect(() => divideRatios(ratio(1n), ratio(0n))).toThrow(RangeError);
  });

  it('is reduced to lowest terms, with its sign', () => {
    expect(reduced(ratio(-6n, 4n))).toEqual(ratio(-3n, 2n));
    expect(reduced(ratio(0n, 7n))).toEqual(ratio(0n, 1n));
    expect(reduced(ratio(5n, 7n))).toEqual(ratio(5n, 7n));
  });

  it('computes what is written on paper', () => {
    expect(addRatios(ratio(1n, 3n), ratio(1n, 6n))).toEqual(ratio(1n, 2n));
    expect(subtractRatios(ratio(1n, 2n), ratio(1n, 3n))).toEqual(ratio(1n, 6n));
    expect(multiplyRatios(ratio(2n, 3n), ratio(3n, 4n))).toEqual(ratio(1n, 2n));
    expect(divideRatios(ratio(1n, 2n), ratio(-1n, 4n))).toEqual(ratio(-2n, 1n));
  });

  it('orders by value', () => {
    expect(compareRatios(ratio(1n, 3n), ratio(2n, 6n))).toBe(0);
    expect(compareRatios(ratio(-1n, 3n), ratio(-1n, 4n))).toBe(-1);
    expect(minRatio(ratio(1n, 3n), ratio(1n, 4n))).toEqual(ratio(1n, 4n));
    expect(maxRatio(ratio(1n, 3n), ratio(1n, 4n))).toEqual(ratio(1n, 3n));
  });

  it.each([
    [5n, 2n, 3n],
    [-5n, 2n, -3n],
    [7n, 3n, 2n],
    [8n, 3n, 3n],
    [-8n, 3n, -3n],
    [0n, 3n, 0n],
    [1n, 2n, 1n],
    [-1n, 2n, -1n],
    [49n, 100n, 0n],
  ])('rounds %s / %s half away from zero to %s', (numerator, denominator, expected) => {
    expect(divideHalfAwayFromZero(numerator, denominator)).toBe(expected);
  });

  it.each([
    [6n, 3n, 2n],
    [7n, 3n, 3n],
    [1n, 1000n, 1n],
    [0n, 3n, 0n],
    [-7n, 3n, -2n],
    [-6n, 3n, -2n],
  ])('rounds %s / %s up to %s', (numerator, denominator, expected) => {
    expect(divideUp(numerator, denominator)).toBe(expected);
  });

  it('divides only by a positive denominator', () => {
    expect(() => divideUp(1n, 0n)).toThrow(RangeError);
    expect(() => divideHalfAwayFromZero(1n, -2n)).toThrow(RangeError);
  });

  it('rounds at a scale', () => {
    expect(roundRatio(ratio(201n, 200n), 100n)).toBe(101n); // 1.005 dollars
    expect(roundRatio(ratio(-201n, 200n), 100n)).toBe(-101n);
  });
});

describe('laws of ratios', () => {
  it('subtracting undoes adding, dividing undoes multiplying', () => {
    fc.assert(
      fc.property(anyRatio, anyRatio, (a, b) => {
        expect(same(subtractRatios(addRatios(a, b), b), a)).toBe(true);
        fc.pre(b.numerator !== 0n);
        expect(same(divideRatios(multiplyRatios(a, b), b), a)).toBe(true);
      }),
    );
  });

  it('a sum does not depend on the order or on the denominators', () => {
    fc.assert(
      fc.property(fc.array(anyRatio, { maxLength: 12 }), (terms) => {
        const oneByOne = [...terms].reverse().reduce(addRatios, ratio(0n));
        expect(same(sumRatios(terms), oneByOne)).toBe(true);
      }),
    );
  });

  it('rounding errs by at most a half, and up by less than one', () => {
    fc.assert(
      fc.property(anyRatio, ({ numerator, denominator }) => {
        const nearest = divideHalfAwayFromZero(numerator, denominator) * denominator - numerator;
        expect((nearest < 0n ? -nearest : nearest) * 2n <= denominator).toBe(true);
        const up = divideUp(numerator, denominator) * denominator - numerator;
        expect(up >= 0n && up < denominator).toBe(true);
      }),
    );
  });

  it('rounding is symmetrical around zero', () => {
    fc.assert(
      fc.property(anyRatio, ({ numerator, denominator }) => {
        expect(divideHalfAwayFromZero(-numerator, denominator)).toBe(
          -divideHalfAwayFromZero(numerator, denominator),
        );
      }),
    );
  });

  it('a million terms add up exactly', () => {
    const terms = Array.from({ length: 1_000_000 }, (_, i) => ratio(BigInt(i), 10n ** 15n));
    expect(same(sumRatios(terms), ratio(499_999_500_000n, 10n ** 15n))).toBe(true);
  });
});
