import fc from 'fast-check';
import {
  type Run,
  DEFAULT_CREDIT_RATE,
  creditRates,
  creditsOf,
  creditsOfRun,
  endOfRun,
  runSeconds,
  wholeCredits,
} from '../../src/core/credits';
import { doubleOfRatio } from '../../src/core/double';
import { type Quantity, parseQuantity, quantityFromDouble, quantityRatio } from '../../src/core/quantity';
import type { Ratio } from '../../src/core/ratio';

/** The vectors of the original speak of hundredths of a credit. */
const CENT = parseQuantity('0.01');
const cents = (credits: Quantity): number => {
  expect(credits % CENT).toBe(0n);
  return Number(credits / CENT);
};
const rate = (decimal: string): Ratio => creditRates(new Map([['class', decimal]])).get('class')!;
const noon = (text: string): number => Date.parse(`2022-09-08T${text}Z`);
const run = (startedAt: number, stoppingAt: number | null, stoppedAt: number | null): Run => ({
  ...{ startedAt, stoppingAt, stoppedAt },
});

/** A minute at so many credits a minute: that many credits, rounded once. */
const rounded = (credits: number): Quantity => creditsOf(60n, quantityRatio(quantityFromDouble(credits)));

describe('credits', () => {
  it.each([
    ['CC-1', 0, 0, 0],
    ['CC-2', 0.1, 10, 0.1],
    ['CC-3', 1.4999, 150, 1.5],
    ['CC-4', 1.5, 150, 1.5],
    ['CC-5', 1.50999, 151, 1.51],
    ['CC-6', -1.9999, -200, -2],
    ['CC-7', 0.005, 1, 0.01],
    ['CC-8', 0.015, 2, 0.02],
    ['CC-9', -0.005, -1, -0.01],
    // Design 10 row 25: a double is read as its shortest decimal. The original multiplies first and has 100 and 28.
    ['CC-10 (row 25: 101, not 100)', 1.005, 101, 1.01],
    ['CC-11', 300, 30_000, 300],
    ['CC-12 (row 25: 29, not 28)', 0.285, 29, 0.29],
    ['CC-13', 2.675, 268, 2.68],
  ])('%s: %d credits are %d hundredths, said as %d', (_vector, credits, expected, back) => {
    expect(cents(rounded(credits))).toBe(expected);
    expect(doubleOfRatio(quantityRatio(rounded(credits)))).toBe(back);
  });

  it('are whole where the wire has an int32, its ends too', () => {
    expect(cents(wholeCredits(-2_147_483_648))).toBe(-214_748_364_800);
    expect(cents(wholeCredits(2_147_483_647))).toBe(214_748_364_700);
  });
});

describe('the price of a runtime', () => {
  // The original has these as doubles before they become hundredths; ours divides once and rounds once, to 0.01.
  it.each([
    ['PR-1', 0, 0],
    ['PR-2 (0.0028 before it is rounded)', 1, 0],
    ['PR-3 (0.1667 before it is rounded)', 60, 17],
    ['PR-4', 360, 100],
    ['PR-5', 3_600, 1_000],
    ['PR-18', 3_540, 983],
  ])('%s: %d seconds of an unknown class are %d hundredths', (_vector, seconds, expected) => {
    expect(cents(creditsOf(BigInt(seconds), DEFAULT_CREDIT_RATE))).toBe(expected);
  });

  it.each([
    ['PR-9', '0.1666666667', 1, 0],
    ['PR-10', '0.1666666667', 2, 1],
    ['PR-11', '0.1666666667', 60, 17],
    ['PR-12', '0.1666666667', 61, 17],
    ['PR-13', '0.1666666667', 3_600, 1_000],
    ['PR-14', '0.3333333333', 1, 1],
    ['PR-15', '0.3333333333', 60, 33],
    ['PR-16', '0.3333333333', 3_600, 2_000],
    ['PR-17', '0.5', 30, 25],
    ['PR-22', '0.1666666667', 86_400, 24_000],
    ['PR-23', '0.5', 361, 301],
  ])('%s: at %s credits a minute %d seconds are %d hundredths', (_vector, perMinute, seconds, expected) => {
    expect(cents(creditsOf(BigInt(seconds), rate(perMinute)))).toBe(expected);
  });

  it.each<[string, Run, string, number]>([
    ['PR-6', run(noon('12:00:00'), noon('12:06:00'), null), '11:21:29', 100],
    ['PR-7', run(noon('12:00:00'), null, null), '12:12:00', 200],
    ['PR-8', run(noon('12:00:00'), null, noon('12:00:00')), '11:00:00', 0],
  ])('%s: a run costs what its time costs', (_vector, told, now, expected) => {
    expect(cents(creditsOfRun(told, { now: noon(now), perMinute: DEFAULT_CREDIT_RATE }))).toBe(expected);
  });

  it.each([
    ['PR-19', 499, 0n],
    ['PR-20', 500, 1n],
    ['PR-21', 1_500, 2n],
    ['PR-24', 59_499, 59n],
  ])('%s: %d ms are %d whole seconds', (_vector, milliseconds, seconds) => {
    expect(runSeconds(run(0, milliseconds, null), 0)).toBe(seconds);
  });

  it('ends at `stopping`, else at `stopped`, else now', () => {
    expect(endOfRun(run(0, 6, 8))).toBe(6);
    expect(endOfRun(run(0, null, 8))).toBe(8);
    expect(runSeconds(run(0, null, null), 60_000)).toBe(60n);
  });
});

describe('what a run costs', () => {
  const anyTime = fc.integer({ min: 0, max: 40 * 86_400_000 });
  const anyEnd = fc.option(anyTime);
  const anyRun = fc.record({ startedAt: anyTime, stoppingAt: anyEnd, stoppedAt: anyEnd });
  const anyRate = fc.constantFrom(
    DEFAULT_CREDIT_RATE,
    rate('0.1666666667'),
    rate('0.5'),
    rate('1'),
    rate('0'),
  );

  it('is never negative, whatever the order of its times', () => {
    fc.assert(
      fc.property(anyRun, anyTime, anyRate, (any, now, perMinute) => {
        expect(creditsOfRun(any, { now, perMinute })).toBeGreaterThanOrEqual(0n);
      }),
    );
  });

  it('never shrinks while it runs, and stands still once its end is known', () => {
    fc.assert(
      fc.property(anyRun, anyTime, anyTime, anyRate, (any, one, other, perMinute) => {
        const [early, late] = [Math.min(one, other), Math.max(one, other)];
        const at = (now: number): bigint => creditsOfRun(any, { now, perMinute });
        expect(at(late)).toBeGreaterThanOrEqual(at(early));
        if (endOfRun(any) !== null) expect(at(late)).toBe(at(early));
      }),
    );
  });

  it('is within half a hundredth of the exact product', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), anyRate, (seconds, perMinute) => {
        const rounded = creditsOf(BigInt(seconds), perMinute);
        // |rounded − seconds · n / (60 d)| ≤ 0.005, without a division.
        const [over, under] = [60n * perMinute.denominator, perMinute.numerator * BigInt(seconds)];
        const off = rounded * over - under * 100n * CENT;
        expect((off < 0n ? -off : off) * 2n).toBeLessThanOrEqual(CENT * over);
      }),
    );
  });
});
