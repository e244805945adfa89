import fc from 'fast-check';
import type { Placed, Stretch, Sum } from '../../src/core/contribution';
import type { Reading } from '../../src/core/event';
import { AGGREGATIONS, isGauge, type Meter } from '../../src/core/meter';
import { quantity } from '../../src/core/quantity';
import { meter } from './any-meter';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** One meter of every aggregation, each with the number of its place. */
export const METERS: readonly Meter[] = AGGREGATIONS.map((aggregation, i) =>
  meter({ id: i + 1, key: aggregation, aggregation }),
);

/** Three days from 1 January 2024 UTC; the account's month ends half past six in the evening of the second. */
export const START = Date.UTC(2024, 0, 1);
export const BOUNDARY = START + DAY + 18.5 * HOUR;
export const SEGMENTS: readonly Stretch[] = [
  { from: START, to: BOUNDARY },
  { from: BOUNDARY, to: START + 3 * DAY },
];

/** The segment an instant of those three days lies in. */
export const segmentOf = (at: number): Stretch => SEGMENTS[at < BOUNDARY ? 0 : 1]!;

const anyText = fc.oneof(
  fc.constantFrom('eu', 'us', '__proto__', 'say "hi"', 'a\\b', 'two\nlines', '1', '10', 'é🙂'),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 })
    .map((codes) => String.fromCharCode(...codes)),
);

const anyDims = fc.oneof(
  fc.constant(''),
  fc.constant('{}'),
  anyText.map((region) => JSON.stringify({ region })),
);

const anyReading: fc.Arbitrary<Reading> = fc
  .record({
    of: fc.constantFrom(...METERS),
    dims: anyDims,
    amount: fc.bigInt({ min: 0n, max: 10n ** 30n }),
    text: anyText,
  })
  .map(({ of, dims, amount, text }) => {
    const value = quantity(amount);
    if (isGauge(of.aggregation)) return { kind: 'level', meter: of, dims, resource: text, value };
    if (of.aggregation === 'unique') return { kind: 'value', meter: of, dims, value: text };
    return { kind: 'add', meter: of, dims, value };
  });

/** Events of three accounts over three days, two segments and all meters; no two have one key. */
export const anyEvents: fc.Arbitrary<Placed[]> = fc.uniqueArray(
  fc
    .record({
      accountId: fc.integer({ min: 1, max: 3 }),
      key: fc.uuid(),
      at: fc.oneof(
        fc.constantFrom(START, BOUNDARY - 1, BOUNDARY, START + DAY, START + 3 * DAY - 1),
        fc.integer({ min: START, max: START + 3 * DAY - 1 }),
      ),
      // An event tells a meter one thing at most.
      readings: fc.uniqueArray(anyReading, { selector: (reading) => reading.meter.id, maxLength: 4 }),
    })
    .map((event) => ({ ...event, bucket: event.accountId % 2, segment: segmentOf(event.at) })),
  { selector: ({ key }) => key, maxLength: 12 },
);

/** Whether rows stand in the order in which they are locked, none of them twice. */
export function inLockOrder(sums: readonly Sum[]): boolean {
  const before = (a: Sum, b: Sum): boolean => {
    const places = [a, b].map(({ bucket, accountId, meterId, from }) => [bucket, accountId, meterId, from]);
    const first = places[0]!.findIndex((place, i) => place !== places[1]![i]);
    return first === -1 ? a.dims < b.dims : places[0]![first]! < places[1]![first]!;
  };
  return sums.slice(1).every((sum, i) => before(sums[i]!, sum));
}
