import { z } from 'zod';
import { invalid } from '../../core/errors';

const MAX_CURSOR_LENGTH = 512;
const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 50;

/** The two query parameters of every list of ours. Values come as text from a URL, hence the coercion and `meta`. */
export const PageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, `must be a whole number from 1 to ${MAX_LIMIT}`)
    .transform((text) => parseInt(text, 10))
    .pipe(z.int().min(1).max(MAX_LIMIT))
    .default(DEFAULT_LIMIT)
    .meta({
      type: 'integer',
      minimum: 1,
      maximum: MAX_LIMIT,
      description: `By default ${DEFAULT_LIMIT}.`,
      pattern: undefined,
    }),
  cursor: z
    .string()
    .max(MAX_CURSOR_LENGTH, 'is not a cursor of this list')
    .optional()
    .meta({ description: '`next_cursor` of the page before.' }),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** One page: `next_cursor` is null on the last one. There are no totals, because counting them costs what a page saves. */
export interface Page<T> {
  readonly items: T[];
  readonly next_cursor: string | null;
}

/**
 * Where the next page begins, as text the caller passes back and does not read. `list` names the list, so that a cursor
 * of one is refused by the others. It grants nothing: each page is filtered by its own caller's rights.
 */
export function encodeCursor(list: string, position: Record<string, string | number | null>): string {
  return Buffer.from(JSON.stringify([list, position])).toString('base64url');
}

/** The position in a cursor of `list`, checked against `schema`. Throws `invalid-argument` on `cursor` for anything else. */
export function decodeCursor<T>(list: string, schema: z.ZodType<T>, cursor: string): T {
  if (cursor.length > MAX_CURSOR_LENGTH) throw foreignCursor();
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw foreignCursor();
  }
  const checked = z.tuple([z.literal(list), schema]).safeParse(parsed);
  if (!checked.success) throw foreignCursor();
  return checked.data[1];
}

/** Cuts a page out of `limit + 1` rows: the one too many only says that there is a next page. */
export function pageOf<T>(rows: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next_cursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

function foreignCursor(): Error {
  return invalid('cursor', 'is not a cursor of this list');
}
