import fc from 'fast-check';
import { type Aggregation, AGGREGATIONS } from '../../src/core/meter';
import { formatQuantity, ONE, quantity } from '../../src/core/quantity';
import { compareRatios, divideRatios, type Ratio, ratio, reduced } from '../../src/core/ratio';
import {
  EMPTY_STATE,
  distinctState,
  type LastReading,
  mergeStates,
  type RollupState,
  stateOf,
  usageOf,
} from '../../src/core/rollup';
import { randomOf, shuffled } from '../support/event-mix';

const HOUR = 3_600_000;

/** A reading of so many whole units. */
const units = (value: number, at = 0, key = 'a'): LastReading => ({
  at,
  key,
  value: quantity(BigInt(value) * ONE),
});

const fold = (aggregation: Aggregation, readings: readonly LastReading[]): RollupState =>
  readings.map((reading) => stateOf(aggregation, reading)).reduce(mergeStates, EMPTY_STATE);

/** The figure as a fraction in lowest terms, such as `5/3`; null when there is none. */
function figure(aggregation: Aggregation, state: RollupState, distinct = 0n): string | null {
  const value = usageOf(aggregation, state, distinct);
  if (value === null) return null;
  const { numerator, denominator } = reduced(value);
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`;
}

describe('the figure of a window', () => {
  const three = [units(1, 10), units(2, 30), units(2, 20)];

  it.each<[Aggregation, string | null]>([
    ['sum', '5'],
    ['average', '5/3'],
    ['max', '2'],
    ['min', '1'],
    ['latest', '2'],
  ])('%s of 1, 2 and 2 is %s', (aggregation, expected) => {
    expect(figure(aggregation, fold(aggregation, three))).toBe(expected);
  });

  it('count of three readings is 3', () => {
    expect(figure('count', fold('count', [units(1), units(1), units(1)]))).toBe('3');
  });

  it.each<[Aggregation, string | null]>([
    ['sum', '0'],
    ['count', '0'],
    ['unique', '0'],
    ['gauge_integral', '0'],
    ['average', null],
    ['max', null],
    ['min', null],
    ['latest', null],
    ['gauge_peak', null],
  ])('%s of nothing is %s', (aggregation, expected) => {
    expect(figure(aggregation, EMPTY_STATE)).toBe(expected);
  });

  it('unique is the number it is told, because values of two windows may be the same ones', () => {
    expect(figure('unique', distinctState(5), 3n)).toBe('3');
  });

  it('a change of distinct values is a count and nothing else', () => {
    expect(distinctState(-2)).toEqual({ ...EMPTY_STATE, count: -2n });
  });

  it('latest is the latest by time, not by arrival', () => {
    expect(figure('latest', fold('latest', [units(1, 30), units(2, 10)]))).toBe('1');
    expect(figure('latest', fold('latest', [units(2, 10), units(1, 30)]))).toBe('1');
  });

  it('latest of one instant is the one with the greatest key', () => {
    const [a, b] = [units(1, 10, 'a'), units(2, 10, 'b')];
    expect(figure('latest', fold('latest', [a, b]))).toBe('2');
    expect(figure('latest', fold('latest', [b, a]))).toBe('2');
  });

  it('a maximum may be zero, and a minimum may be the only one', () => {
    expect(figure('max', fold('max', [units(0)]))).toBe('0');
    expect(figure('min', fold('min', [units(7)]))).toBe('7');
  });
});

describe('a stored state', () => {
  it('keeps only what its aggregation needs', () => {
    const reading = units(5, 10, 'k');
    const plain = { sum: reading.value, count: 1n, min: null, max: null, last: null };
    const expected: Partial<Record<Aggregation, RollupState>> = {
      max: { ...plain, max: reading.value },
      min: { ...plain, min: reading.value },
      latest: { ...plain, last: reading },
    };
    for (const aggregation of AGGREGATIONS) {
      expect(stateOf(aggregation, reading)).toEqual(expected[aggregation] ?? plain);
    }
  });
});

describe('units', () => {
  it('three hours with 40 minutes of one GB each are exactly 2 GB-hours', () => {
    const fortyMinutes = units(40 * 60_000);
    const hours = [0, 1, 2].map((n) => stateOf('gauge_integral', { ...fortyMinutes, at: n * HOUR }));
    const total = hours.reduce(mergeStates, EMPTY_STATE);
    const perHour = ratio(BigInt(HOUR));
    const shown = divideRatios(usageOf('gauge_integral', total, 0n)!, perHour);
    expect(reduced(shown)).toEqual(ratio(2n));
    // Each hour by itself is two thirds, which no decimal can say.
    const single = divideRatios(usageOf('gauge_integral', hours[0]!, 0n)!, perHour);
    expect(reduced(single)).toEqual(ratio(2n, 3n));
  });
});

describe('laws of states', () => {
  const anyReading = fc.record({
    at: fc.integer({ min: 0, max: 5 }),
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    value: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(quantity),
  });
  /** Two readings with one key are one event, so keys differ. */
  const anyReadings = fc.uniqueArray(anyReading, { selector: ({ key }) => key, maxLength: 8 });
  const anyAggregation = fc.constantFrom(...AGGREGATIONS);
  const anyThree = fc
    .tuple(anyReadings, anyAggregation, anyAggregation, fc.nat(8), fc.nat(8))
    .map(([readings, one, other, i, j]): [RollupState, RollupState, RollupState] => {
      const [from, to] = [Math.min(i, j), Math.max(i, j)];
      return [
        fold(one, readings.slice(0, from)),
        fold(other, readings.slice(from, to)),
        fold(one, readings.slice(to)),
      ];
    });

  it('merging is commutative and associative, and nothing is neutral', () => {
    fc.assert(
      fc.property(anyThree, ([a, b, c]) => {
        expect(mergeStates(a, b)).toEqual(mergeStates(b, a));
        expect(mergeStates(mergeStates(a, b), c)).toEqual(mergeStates(a, mergeStates(b, c)));
        expect(mergeStates(a, EMPTY_STATE)).toEqual(a);
        expect(mergeStates(EMPTY_STATE, a)).toEqual(a);
      }),
    );
  });

  it('merging changes neither of the two', () => {
    fc.assert(
      fc.property(anyThree, ([a, b]) => {
        const before = [{ ...a }, { ...b }];
        mergeStates(a, b);
        expect([a, b]).toEqual(before);
      }),
    );
  });

  it('any order and any split of the readings give the same figure', () => {
    fc.assert(
      fc.property(anyReadings, anyAggregation, fc.nat(), fc.nat(8), (readings, aggregation, seed, cut) => {
        const whole = fold(aggregation, readings);
        const other = shuffled(readings, randomOf(seed));
        const parts = mergeStates(
          fold(aggregation, other.slice(0, cut)),
          fold(aggregation, other.slice(cut)),
        );
        expect(parts).toEqual(whole);
        expect(figure(aggregation, parts)).toBe(figure(aggregation, whole));
      }),
    );
  });

  it('says what a reader with all readings in front of him would say', () => {
    const plainly: Readonly<Record<string, (values: readonly bigint[]) => Ratio>> = {
      sum: (values) => ratio(total(values), ONE),
      average: (values) => ratio(total(values), ONE * BigInt(values.length)),
      max: (values) => ratio([...values].sort(ascending).at(-1)!, ONE),
      min: (values) => ratio([...values].sort(ascending)[0]!, ONE),
    };
    fc.assert(
      fc.property(anyReadings, fc.constantFrom('sum', 'average', 'max', 'min'), (readings, aggregation) => {
        fc.pre(readings.length > 0);
        const found = usageOf(aggregation, fold(aggregation, readings), 0n)!;
        const expected = plainly[aggregation]!(readings.map(({ value }) => value));
        expect(compareRatios(found, expected)).toBe(0);
      }),
    );
  });

  it('the latest has nobody after it', () => {
    fc.assert(
      fc.property(anyReadings, (readings) => {
        fc.pre(readings.length > 0);
        const { last } = fold('latest', readings);
        const later = readings.filter(({ at, key }) => at > last!.at || (at === last!.at && key > last!.key));
        expect(later).toEqual([]);
        expect(formatQuantity(last!.value)).toBe(
          formatQuantity(readings.find(({ key }) => key === last!.key)!.value),
        );
      }),
    );
  });

  const total = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);
  const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
});
