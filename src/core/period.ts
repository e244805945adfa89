import { Temporal } from '@js-temporal/polyfill';
import { invalid } from './errors';

export type Interval = 'hour' | 'day' | 'week' | 'month' | 'year';

/** The rule that all boundaries of one account follow; see `boundary` for what each interval means. */
export interface Calendar {
  /** The instant that every boundary is counted from; it is boundary 0. */
  readonly anchor: Date;
  readonly interval: Interval;
  /** Intervals per period, 1 to 1,000: `{ interval: 'month', count: 3 }` is a quarter. */
  readonly count: number;
  /** The IANA name of the zone whose clock the anchor is read on; `UTC` unless the account says otherwise. */
  readonly timeZone: string;
}

/** Half-open, `[from, to)`: the boundary instant belongs to the new period. `from` is boundary `index`. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
  readonly index: number;
}

const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;
const COUNT_MAX = 1000;
/** The posts of a fence with 10,000 panels. */
const BOUNDARIES_MAX = 10_001;
const FIRST_INSTANT = 0;
const LAST_INSTANT = Date.UTC(10_000, 0, 1) - 1;
/** How far outside 1970..9999 a period that overlaps them may reach: one period of 1,000 years. */
const [FIRST_YEAR, LAST_YEAR] = [960, 11_010];

const STEPS: Record<Interval, { readonly months: number; readonly ms: number }> = {
  hour: { months: 0, ms: MS_PER_HOUR },
  day: { months: 0, ms: MS_PER_DAY },
  week: { months: 0, ms: 7 * MS_PER_DAY },
  month: { months: 1, ms: 0 },
  year: { months: 12, ms: 0 },
};

/** A calendar made ready to count with; instants and clock readings are milliseconds. */
interface Grid {
  readonly anchor: number;
  /** What the local clock shows at the anchor, written as if it were UTC. */
  readonly wall: number;
  /** Null where local time and UTC cannot differ. */
  readonly zone: string | null;
  /** The step in months, or 0 where the step is `ms`. */
  readonly months: number;
  readonly ms: number;
  /** The reading taken apart, for steps in months: months since the year 0, day of the month from 0, time of day. */
  readonly month: number;
  readonly day: number;
  readonly time: number;
}

const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]{0,30}(?:\/[A-Za-z0-9_+-]{1,30}){0,2}$/;
const MEMO_LIMIT = 20_000;
// Zone data does not change while a process runs, so these remember answers of pure functions: a look-up in the
// zone rules costs tens of microseconds, and ingest asks for the same few boundaries again and again.
const knownZones = new Map<string, boolean>();
const knownWalls = new Map<string, number>();
const knownInstants = new Map<string, number>();

function remember<T>(memo: Map<string, T>, key: string, value: T): T {
  if (memo.size >= MEMO_LIMIT) memo.clear();
  memo.set(key, value);
  return value;
}

/**
 * True for an IANA zone name this runtime knows (`Europe/Berlin`, `UTC`). Bare offsets such as `+05:30` are not
 * names and are refused, because they say nothing about daylight saving.
 */
export function isTimeZone(name: string): boolean {
  const known = knownZones.get(name);
  if (known !== undefined) return known;
  if (!ZONE_NAME.test(name)) return false;
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return remember(knownZones, name, true);
  } catch {
    return remember(knownZones, name, false);
  }
}

/** What a clock in `zone` shows at `instant`, as the milliseconds that UTC would show the same reading at. */
export function wallClock(instant: number, zone: string): number {
  if (zone === 'UTC') return instant;
  const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  return instant + local.offsetNanoseconds / 1_000_000;
}

/**
 * The instant at which a clock in `zone` shows `wall` (the inverse of `wallClock`). A reading that the clock skips
 * moves forward by the length of the gap, a reading that it shows twice means the first time (`compatible`).
 */
export function instantOfWallClock(wall: number, zone: string): number {
  if (zone === 'UTC') return wall;
  const key = `${zone} ${wall}`;
  const known = knownInstants.get(key);
  if (known !== undefined) return known;
  const reading = Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO('UTC').toPlainDateTime();
  const local = reading.toZonedDateTime(zone, { disambiguation: 'compatible' });
  return remember(knownInstants, key, local.epochMilliseconds);
}

/** The milliseconds of an instant of the years 1970 to 9999; throws `invalid-argument` naming `field` otherwise. */
export function instantMs(at: Date, field: string): number {
  const ms = at.getTime();
  if (ms >= FIRST_INSTANT && ms <= LAST_INSTANT) return ms;
  throw invalid(field, 'must be an instant in the years 1970 to 9999');
}

function gridOf(calendar: Calendar): Grid {
  const { interval, count, timeZone } = calendar;
  const anchor = instantMs(calendar.anchor, 'anchor');
  if (!Number.isInteger(count) || count < 1 || count > COUNT_MAX) {
    throw invalid('count', `must be a whole number from 1 to ${COUNT_MAX}`);
  }
  if (timeZone !== 'UTC' && !isTimeZone(timeZone)) {
    throw invalid('timeZone', 'must be an IANA time zone name, such as Europe/Berlin');
  }
  const zone = timeZone === 'UTC' || interval === 'hour' ? null : timeZone;
  const wall = zone === null ? anchor : anchorWall(anchor, zone);
  const step = STEPS[interval];
  const [months, ms] = [step.months * count, step.ms * count];
  if (months === 0) return { anchor, wall, zone, months, ms, month: 0, day: 0, time: 0 };
  const local = new Date(wall);
  const time = wall - Math.floor(wall / MS_PER_DAY) * MS_PER_DAY;
  return { anchor, wall, zone, months, ms, month: monthNumber(local), day: local.getUTCDate() - 1, time };
}

function anchorWall(anchor: number, zone: string): number {
  const key = `${zone} ${anchor}`;
  return knownWalls.get(key) ?? remember(knownWalls, key, wallClock(anchor, zone));
}

function monthNumber(date: Date): number {
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** The clock reading of boundary `n`, or NaN when it lies too far away to be anybody's boundary. */
function wallOf(grid: Grid, n: number): number {
  if (grid.months === 0) return grid.wall + n * grid.ms;
  const month = grid.month + n * grid.months;
  const year = Math.floor(month / 12);
  // Date.UTC would read the years 0 to 99 as 1900 to 1999.
  if (year < FIRST_YEAR || year > LAST_YEAR) return NaN;
  const first = Date.UTC(year, month - year * 12, 1);
  // Every month has a day 27, counted from 0; only later ones may have to make do with the last day.
  if (grid.day <= 27) return first + grid.day * MS_PER_DAY + grid.time;
  const last = Date.UTC(year, month - year * 12 + 1, 0);
  return Math.min(first + grid.day * MS_PER_DAY, last) + grid.time;
}

function instantOf(grid: Grid, n: number): number {
  // An anchor in the second half of a repeated hour stays where it is; its reading alone would mean the first half.
  if (n === 0) return grid.anchor;
  const wall = wallOf(grid, n);
  if (grid.zone === null) return wall;
  const reachable = wall >= Date.UTC(FIRST_YEAR, 0) && wall < Date.UTC(LAST_YEAR + 1, 0);
  return reachable ? instantOfWallClock(wall, grid.zone) : NaN;
}

/** An index near the one asked for: the anchor's offset stands in for the offset at `instant`. */
function estimate(grid: Grid, instant: number): number {
  const wall = instant + (grid.wall - grid.anchor);
  if (grid.months === 0) return Math.floor((wall - grid.wall) / grid.ms);
  return Math.floor((monthNumber(new Date(wall)) - grid.month) / grid.months);
}

/**
 * Boundary `n` of a calendar (pricing rules 10 and 11), counted from the anchor, never from boundary `n - 1`:
 * - months and years keep the anchor's day and, where a month is too short for it, take its last day: 31 Jan,
 *   29 Feb, 31 Mar; a yearly 29 Feb is 28 Feb in common years;
 * - days, weeks, months and years keep the time that the clock of the zone shows at the anchor. Where that reading
 *   is skipped the boundary moves forward by the gap, where it comes twice the first one counts;
 * - hours are elapsed time, in every zone.
 *
 * Boundaries never decrease. Two are equal only where a zone left out a whole day (Apia, 30 December 2011); the
 * empty period between them is never answered by `periodAt`.
 *
 * Throws `invalid-argument` for a bad calendar, an `n` that is no integer or a boundary outside the years 1970..9999.
 */
export function boundary(calendar: Calendar, n: number): Date {
  const instant = Number.isSafeInteger(n) ? instantOf(gridOf(calendar), n) : NaN;
  if (instant >= FIRST_INSTANT && instant <= LAST_INSTANT) return new Date(instant);
  throw invalid('n', 'must be an integer whose boundary lies in the years 1970 to 9999');
}

/**
 * The period that contains `at`. Its ends may lie outside the years 1970..9999, `at` and the anchor may not.
 * Cost: below a microsecond in UTC, and in other zones once their boundaries were asked for before.
 */
export function periodAt(calendar: Calendar, at: Date): Period {
  const grid = gridOf(calendar);
  const instant = instantMs(at, 'at');
  let index = estimate(grid, instant);
  let from = instantOf(grid, index);
  while (from > instant) from = instantOf(grid, --index);
  let to = instantOf(grid, index + 1);
  while (to <= instant) {
    index += 1;
    from = to;
    to = instantOf(grid, index + 1);
  }
  return { from: new Date(from), to: new Date(to), index };
}

/** The first boundary strictly after `at`: for a boundary, the one that follows it. */
export function nextBoundary(calendar: Calendar, at: Date): Date {
  return periodAt(calendar, at).to;
}

/**
 * Every boundary `b` with `from <= b <= to`, ascending, each instant once. Throws `invalid-argument` when `to` lies
 * before `from` or when there are more than 10,001 of them.
 */
export function boundaries(calendar: Calendar, from: Date, to: Date): Date[] {
  if (to < from) throw invalid('to', 'must not be before from');
  const grid = gridOf(calendar);
  const first = periodAt(calendar, from);
  const start = first.from.getTime() === from.getTime() ? first.index : first.index + 1;
  const end = periodAt(calendar, to).index;
  if (end - start >= BOUNDARIES_MAX)
    throw invalid('to', `leaves more than ${BOUNDARIES_MAX} boundaries after from`);
  const instants = new Set<number>();
  for (let n = start; n <= end; n++) instants.add(instantOf(grid, n));
  return [...instants].map((instant) => new Date(instant));
}
