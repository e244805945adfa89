/** Where a page of a list ended that is read newest first; ties by id. */
export interface Position {
  /** Microseconds since 1970, the grain of the database's clock: an instant of this language would skip rows. */
  readonly at: number;
  readonly id: string;
}

const AFTER_EVERY_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** A time as a position holds it. */
export const MICROSECONDS = (column: string): string => `(extract(epoch from ${column}) * 1000000)::bigint`;

/** A position as two parameters; the first one is null before the first page. */
export const BEFORE_POSITION = (at: string, id: string): string =>
  `(coalesce(timestamptz 'epoch' + ${at}::bigint * interval '1 microsecond', 'infinity'), ${id}::uuid)`;

export function positionValues(position: Position | null): [at: number | null, id: string] {
  return [position?.at ?? null, position?.id ?? AFTER_EVERY_ID];
}
