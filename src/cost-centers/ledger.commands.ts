import { z } from 'zod';
import { type PageQuery, decodeCursor } from '../platform/doors/pagination';

/** Where a page newest first ended: microseconds and the id of its last row. */
const Position = z.strictObject({ at: z.int().min(0), id: z.guid() });
export type Position = z.infer<typeof Position>;

/** The position in a cursor of `list`; null before the first page. */
export function positionIn(list: string, { cursor }: PageQuery): Position | null {
  return cursor === undefined ? null : decodeCursor(list, Position, cursor);
}
