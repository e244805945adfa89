import { z } from 'zod';

const MONTHS_DEFAULT = 6;
const MONTHS_MAX = 12;

/** The query of the history: what is no number of months from 1 to 12 means 6, as its clients are used to. */
export const HistoryParameters = z
  .object({
    months: z.unknown().optional().meta({
      type: 'integer',
      description: 'From 1 to 12; anything else is taken as 6.',
      default: MONTHS_DEFAULT,
      example: 3,
    }),
  })
  .transform(({ months }) => ({ months: monthsOf(months) }));

function monthsOf(text: unknown): number {
  const months = typeof text === 'string' && /^\d{1,2}$/.test(text) ? parseInt(text, 10) : 0;
  return months >= 1 && months <= MONTHS_MAX ? months : MONTHS_DEFAULT;
}
