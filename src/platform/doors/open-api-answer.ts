import { z } from 'zod';

type Frozen<T> = T extends (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: Frozen<T[Name]> }
    : T;

/** What a `toRestX` must return to fit the schema its door is described with. */
export type AnswerOf<Schema extends z.ZodType> = Frozen<z.input<Schema>>;

/** A quantity or an amount: never a JSON number, because those lose digits. */
export const DecimalText = z.string().meta({
  id: 'Decimal',
  pattern: '^-?\\d+(\\.\\d{1,15})?$',
  description: 'A decimal with at most 15 places, as text.',
});

export const InstantText = z.string().meta({
  id: 'Instant',
  format: 'date-time',
  description: 'RFC 3339 in UTC, to the millisecond, such as 2026-01-31T10:00:00.000Z.',
});

/** One page of a list. */
export function pageAnswer<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'To be sent as `cursor` for the next page; null on the last one.' }),
  });
}
