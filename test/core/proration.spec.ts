import fc from 'fast-check';
import { periodAt } from '../../src/core/period';
import { prorate, prorateTiers, shareOf } from '../../src/core/proration';
import { ONE, parseQuantity, quantity, ZERO } from '../../src/core/quantity';
import { compareRatios, ratio, RATIO_ONE, sumRatios } from '../../src/core/ratio';

const window = (from: string, to: string) => ({ from: new Date(from), to: new Date(to) });
const january = window('2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z');

describe('a share of a period', () => {
  it.each([
    ['2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z', 1n, 1n],
    ['2024-01-01T00:00:00Z', '2024-01-11T00:00:00Z', 10n, 31n],
    ['2024-01-16T12:00:00Z', '2024-02-01T00:00:00Z', 1n, 2n],
    ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00.001Z', 1n, 2_678_400_000n],
    ['2024-01-15T00:00:00Z', '2024-01-15T00:00:00Z', 0n, 1n],
  ])('from %s to %s is %s/%s of January', (from, to, numerator, denominator) => {
    expect(shareOf(window(from, to), january)).toEqual(ratio(numerator, denominator));
  });

  it('counts the actual local period: a day of 23 hours is a day', () => {
    const anchor = new Date('2024-03-01T23:00:00Z'); // midnight in Berlin
    const calendar = { anchor, interval: 'day', count: 1, timeZone: 'Europe/Berlin' } as const;
    const short = periodAt(calendar, new Date('2024-03-31T10:00:00Z'));
    expect(shareOf(short, short)).toEqual(RATIO_ONE);
    expect(shareOf({ from: short.from, to: new Date('2024-03-31T10:00:00Z') }, short)).toEqual(
      ratio(11n, 23n),
    );
  });

  it('refuses what is no part of it', () => {
    expect(() => shareOf(january, window('2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z'))).toThrow(
      RangeError,
    );
    expect(() => shareOf(window('2023-12-31T00:00:00Z', '2024-01-02T00:00:00Z'), january)).toThrow(
      RangeError,
    );
    expect(() => shareOf(window('2024-01-31T00:00:00Z', '2024-02-02T00:00:00Z'), january)).toThrow(
      RangeError,
    );
    expect(() => shareOf(window('2024-01-03T00:00:00Z', '2024-01-02T00:00:00Z'), january)).toThrow(
      RangeError,
    );
    expect(() => shareOf({ from: new Date(NaN), to: january.to }, january)).toThrow(RangeError);
  });
});

describe('proration', () => {
  it('keeps an amount exact', () => {
    expect(prorate(parseQuantity('20'), ratio(10n, 31n))).toEqual(ratio(200n, 31n));
  });

  it('shrinks the bounds and fees of tiers, not the prices of units', () => {
    const tiers = [
      { upTo: parseQuantity('100'), unitAmount: parseQuantity('2'), flatAmount: parseQuantity('9') },
      { upTo: null, unitAmount: parseQuantity('1'), flatAmount: ZERO },
    ];
    const [first, last] = prorateTiers(tiers, ratio(1n, 3n)) as [ReturnType<typeof prorateTiers>[0], object];
    expect(first.upTo).toEqual(ratio(100n, 3n));
    expect(first.flatAmount).toEqual(ratio(3n, 1n));
    expect(compareRatios(first.unitAmount, ratio(2n))).toBe(0);
    expect(last).toMatchObject({ upTo: null, flatAmount: { numerator: 0n } });
  });
});

describe('laws of proration', () => {
  const instants = fc.uniqueArray(fc.integer({ min: 1, max: 2_678_399_999 }), { maxLength: 8 });
  const pieces = instants.map((cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), 2_678_400_000].map(
      (ms) => new Date(january.from.getTime() + ms),
    );
    return edges.slice(1).map((to, i) => ({ from: edges[i]!, to }));
  });

  it('the shares of the pieces of a period are one, and the pieces of an amount the amount', () => {
    fc.assert(
      fc.property(pieces, fc.bigInt({ min: 0n, max: 10n ** 24n }), (parts, units) => {
        const shares = parts.map((part) => shareOf(part, january));
        expect(compareRatios(sumRatios(shares), RATIO_ONE)).toBe(0);
        const amounts = shares.map((share) => prorate(quantity(units), share));
        expect(compareRatios(sumRatios(amounts), ratio(units, ONE))).toBe(0);
      }),
    );
  });
});
