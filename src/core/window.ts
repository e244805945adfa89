import { invalid } from './errors';
import { boundaries, instantMs, instantOfWallClock, isTimeZone, wallClock, type Calendar } from './period';

/** A half-open stretch of time, `[from, to)`. */
export interface Window {
  readonly from: Date;
  readonly to: Date;
}

export type WindowSize = 'hour' | 'day' | 'week' | 'month' | 'total';

export interface WindowQuery extends Window {
  readonly size: WindowSize;
  /** The IANA zone whose hours, midnights and firsts of the month cut the windows; weeks begin on Monday. */
  readonly timeZone: string;
}

const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;
const WINDOWS_MAX = 10_000;

function tooMany(): Error {
  return invalid('to', `leaves more than ${WINDOWS_MAX} windows after from; ask for fewer or longer ones`);
}

/** The UTC cell of `length` around `at`, cut at both ends of `period`. */
function cellAt(at: Date, period: Window, length: number): Window {
  const instant = instantMs(at, 'at');
  const [first, last] = [period.from.getTime(), period.to.getTime()];
  if (instant < first || instant >= last) throw invalid('at', 'must lie in the period');
  const start = instant - (instant % length);
  return { from: new Date(Math.max(start, first)), to: new Date(Math.min(start + length, last)) };
}

/**
 * The rollup window of `at` (decision 1): its UTC hour, cut at the boundaries of the period, or of the segment where
 * the terms changed inside a period. Its `from` is the key it is stored under. Throws `invalid-argument` when `at`
 * lies outside the period.
 */
export function windowAt(at: Date, period: Window): Window {
  return cellAt(at, period, MS_PER_HOUR);
}

/** The UTC day that a rollup window adds up into, cut at the boundaries of the same period. */
export function dayOf(window: Window, period: Window): Window {
  return cellAt(window.from, period, MS_PER_DAY);
}

/** Consecutive windows between the starts given (ascending, the first being `from`) and `to`. */
function tile(starts: readonly number[], to: number): Window[] {
  return starts.map((start, i) => ({ from: new Date(start), to: new Date(starts[i + 1] ?? to) }));
}

/**
 * The rollup windows that tile `[from, to)`: UTC hours, cut at the boundaries given, in any order. The first and
 * the last one are clipped, so that they carry stored keys only where `from` and `to` are hours or boundaries.
 * Throws `invalid-argument` when `to` lies before `from` or when there are more than 10,000 windows.
 */
export function windowsOf(from: Date, to: Date, cuts: readonly Date[] = []): Window[] {
  const [first, last] = [instantMs(from, 'from'), instantMs(to, 'to')];
  if (last < first) throw invalid('to', 'must not be before from');
  if (last - first > WINDOWS_MAX * MS_PER_HOUR) throw tooMany();
  if (last === first) return [];
  const starts = new Set([first]);
  for (const cut of cuts) starts.add(cut.getTime());
  for (let hour = first - (first % MS_PER_HOUR); hour < last; hour += MS_PER_HOUR) starts.add(hour);
  const inside = [...starts].filter((start) => start >= first && start < last).sort((a, b) => a - b);
  if (inside.length > WINDOWS_MAX) throw tooMany();
  return tile(inside, last);
}

// The years begin in February 1970, because the local 1 January 1970 of the eastern zones still lies in 1969.
const FIRST_MONDAY = Date.UTC(1970, 1, 2);
const FIRST_OF_MONTH = Date.UTC(1970, 1, 1);

const CALENDARS = {
  day: { interval: 'day', wall: FIRST_MONDAY },
  week: { interval: 'week', wall: FIRST_MONDAY },
  month: { interval: 'month', wall: FIRST_OF_MONTH },
} as const;

function calendarStarts({ from, to, timeZone }: WindowQuery, size: keyof typeof CALENDARS): number[] {
  const { interval, wall } = CALENDARS[size];
  const anchor = new Date(instantOfWallClock(wall, timeZone));
  const calendar: Calendar = { anchor, interval, count: 1, timeZone };
  const inside = boundaries(calendar, from, to).map((start) => start.getTime());
  return inside.filter((start) => start > from.getTime() && start < to.getTime());
}

/**
 * The full hours of the local clock. Each one is found from the clock's offset at the one before it, so that zones
 * with half-hour offsets and half-hour changes come right: a change of clocks can only shorten a window. The offset
 * is looked up once a day, as no zone changes it twice within one, and hourly on the days on which it changes.
 */
function hourStarts({ from, to, timeZone }: WindowQuery): number[] {
  const offsetAt = (instant: number) => wallClock(instant, timeZone) - instant;
  const starts: number[] = [];
  let [offset, steadyUntil] = [0, from.getTime()];
  for (let at = from.getTime(); ; starts.push(at)) {
    if (at >= steadyUntil) {
      offset = offsetAt(at);
      steadyUntil = offset === offsetAt(at + MS_PER_DAY) ? at + MS_PER_DAY : at;
    }
    at = Math.floor((at + offset) / MS_PER_HOUR + 1) * MS_PER_HOUR - offset;
    if (at >= to.getTime()) return starts;
  }
}

/**
 * The windows of a chart or of a usage query: hours, days, weeks or months of the zone's clock that tile
 * `[from, to)`, the first and the last one clipped to it; `total` is one window. An empty stretch has no windows.
 * Throws `invalid-argument` for an unknown zone, a `to` before `from` or more than 10,000 windows.
 */
export function queryWindows(query: WindowQuery): Window[] {
  const [from, to] = [instantMs(query.from, 'from'), instantMs(query.to, 'to')];
  if (to < from) throw invalid('to', 'must not be before from');
  if (!isTimeZone(query.timeZone))
    throw invalid('timeZone', 'must be an IANA time zone name, such as Europe/Berlin');
  if (to === from) return [];
  const { size } = query;
  if (size === 'total') return tile([from], to);
  if (size === 'hour' && to - from > WINDOWS_MAX * MS_PER_HOUR) throw tooMany();
  const starts = [from, ...(size === 'hour' ? hourStarts(query) : calendarStarts(query, size))];
  if (starts.length > WINDOWS_MAX) throw tooMany();
  return tile(starts, to);
}
