import { invalid } from './errors';

/** RFC 3339 with an offset; fractions beyond milliseconds are cut off. */
export const INSTANT_PATTERN =
  '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])[Tt]([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d{1,9})?([Zz]|[+-]([01]\\d|2[0-3]):[0-5]\\d)$';

const SHAPE = new RegExp(INSTANT_PATTERN);

const EARLIEST = 0;
const LATEST = Date.UTC(9999, 11, 30);
/** Every month has this many days, so only later ones need a look at the calendar. */
const SAFE_DAY = 28;

/**
 * Reads an RFC 3339 instant as milliseconds since 1970 UTC. A leap second counts as the instant after it, because
 * UTC days have 86,400 seconds here. Throws `invalid-argument` naming `field`, also for 30 February.
 */
export function parseInstant(text: string, field: string): number {
  if (!SHAPE.test(text)) throw invalid(field, 'must be an RFC 3339 instant such as 2026-01-31T10:00:00Z');
  const day = parseInt(text.slice(8, 10), 10);
  if (day > SAFE_DAY && day > daysInMonth(parseInt(text.slice(0, 4), 10), parseInt(text.slice(5, 7), 10))) {
    throw invalid(field, `has no day ${day} in month ${text.slice(5, 7)}`);
  }
  const isLeapSecond = text.slice(17, 19) === '60';
  // The engine reads no second 60, and only capital letters.
  const plain = isLeapSecond ? `${text.slice(0, 17)}59${text.slice(19)}` : text;
  return checkInstant(Date.parse(plain.toUpperCase()) + (isLeapSecond ? 1_000 : 0), field);
}

/** Milliseconds since 1970 UTC that every door, clock and column can hold; else throws `invalid-argument`. */
export function checkInstant(at: number, field: string): number {
  if (!(at >= EARLIEST && at <= LATEST)) throw invalid(field, 'must lie between 1970 and 9999');
  return at;
}

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
