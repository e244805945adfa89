import type { Variable } from './config-values';

const NS_PER_MS = 1_000_000n;

/** As Go reads them, and days. Both signs that look like a micro are in use. */
const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: NS_PER_MS,
  s: 1_000n * NS_PER_MS,
  m: 60_000n * NS_PER_MS,
  h: 3_600_000n * NS_PER_MS,
  d: 86_400_000n * NS_PER_MS,
};
const PART = String.raw`(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h|d)`;
const DURATION = new RegExp(`^\\+?(?:0|(?:${PART})+)$`);
const PARTS = new RegExp(PART, 'g');

/** What Go's durations can hold: 292 years. */
const MAX_NS = 2n ** 63n - 1n;

/** A timer of Node does not reach further than 24 days, and fires at once when it is asked to. */
const LONGEST_SCHEDULE_MS = 24 * 86_400_000;

/**
 * A length of time as Go writes it (`1h15m30.5s`, `500ms`, `1.5h`), or with days (`35d`), in whole nanoseconds. Throws on
 * anything else: an empty text, a number without a unit, less than nothing, more than 292 years.
 */
export function parseDurationNs(value: string): bigint {
  if (!DURATION.test(value)) throw new Error('must be a duration such as 35d, 5m, 1s or 1h30m');
  const total = [...value.matchAll(PARTS)].reduce(
    (sum, [, amount, unit]) => sum + partNs(amount!, unit!),
    0n,
  );
  if (total > MAX_NS) throw new Error('must not be longer than 292 years');
  return total;
}

/** What is finer than a nanosecond is dropped, part by part. */
function partNs(amount: string, unit: string): bigint {
  const [whole, fraction = ''] = amount.split('.');
  return (BigInt(`${whole}${fraction}`) * UNIT_NS[unit]!) / 10n ** BigInt(fraction.length);
}

/** A length of time in milliseconds, where it is a whole number of them. */
function parseDurationMs(value: string): number {
  const ns = parseDurationNs(value);
  if (ns % NS_PER_MS !== 0n) throw new Error('must be a whole number of milliseconds');
  return Number(ns / NS_PER_MS);
}

/** A length of time, which may be none. */
export function durationOrNone(fallback: string): Variable<number> {
  return { fallback: parseDurationMs(fallback), parse: parseDurationMs };
}

/** A length of time above zero. */
export function duration(fallback: string): Variable<number> {
  return {
    fallback: parseDurationMs(fallback),
    parse: (value) => {
      const milliseconds = parseDurationMs(value);
      if (milliseconds === 0) throw new Error('must be longer than nothing');
      return milliseconds;
    },
  };
}

/** How often a job runs, cut to the millisecond; set to nothing, the job is off (null). */
export function schedule(fallback: string): Variable<number | null> {
  return { fallback: parseScheduleMs(fallback), parse: parseScheduleMs, whenEmpty: null };
}

function parseScheduleMs(value: string): number {
  const ns = parseDurationNs(value);
  if (ns === 0n) throw new Error('must be longer than nothing');
  if (ns < NS_PER_MS) throw new Error('must be at least a millisecond');
  const milliseconds = Number(ns / NS_PER_MS);
  if (milliseconds > LONGEST_SCHEDULE_MS) throw new Error('must be at most 24d');
  return milliseconds;
}
