/**
 * Postgres arrays written by hand: the driver's own conversion of long arrays costs more than the statement that
 * takes them.
 */

/** An array literal of numbers, uuids and decimals: nothing to escape. Null becomes NULL. */
export function plainArray<T>(
  rows: readonly T[],
  value: (row: T) => string | number | bigint | null,
): string {
  const parts = new Array<string | number | bigint>(rows.length);
  for (let i = 0; i < rows.length; i++) parts[i] = value(rows[i]!) ?? 'NULL';
  // Joined natively: text grown by appending is a tree that the collector has to walk.
  return `{${parts.join(',')}}`;
}

const NEEDS_ESCAPE = /["\\]/;

/** An array literal of any text without NUL characters, which Postgres cannot store. Null becomes NULL. */
export function textArray<T>(rows: readonly T[], value: (row: T) => string | null): string {
  return plainArray(rows, (row) => {
    const text = value(row);
    if (text === null) return null;
    return `"${NEEDS_ESCAPE.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
  });
}

/**
 * Text without line breaks, one element a line, for `string_to_array($n, E'\n')`: nothing is escaped on either side.
 * Null and '' both become an empty line. Throws a RangeError for a text that holds a line break.
 */
export function lines<T>(rows: readonly T[], value: (row: T) => string | null): string {
  const parts = new Array<string>(rows.length);
  for (let i = 0; i < rows.length; i++) {
    parts[i] = value(rows[i]!) ?? '';
    if (parts[i]!.includes('\n')) throw new RangeError('a line cannot hold a line break');
  }
  return parts.join('\n');
}
