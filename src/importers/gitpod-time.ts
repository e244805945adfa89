import { parseInstant } from '../core/instant';

/** What stands for "no time": nothing at all, and the zero times of the languages and databases around the original. */
const UNSET = /^(?:0001-01-01|0000-00-00)(?:[T ]|$)/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const OFFSET = /(?:[Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads a time of Gitpod's tables as milliseconds since 1970, with or without an offset (then it is UTC) and with a blank
 * for the T, as MySQL writes its own; null = unset. Throws `invalid-argument` naming the column.
 */
export function readGitpodTime(text: string, column: string): number | null {
  const trimmed = text.trim();
  if (trimmed === '' || UNSET.test(trimmed)) return null;
  const whole = DATE.test(trimmed) ? `${trimmed}T00:00:00` : trimmed.replace(' ', 'T');
  return parseInstant(OFFSET.test(whole) ? whole : `${whole}Z`, column);
}
