import { z } from 'zod';
import { DomainError } from '../core/errors';
import { parseInstant } from '../core/instant';
import { type Calendar, isTimeZone } from '../core/period';
import { PageQuery } from '../platform/doors/pagination';

/** Text read by a parser of core, whose refusal becomes the schema's. */
function parsedBy<T>(parse: (text: string) => T) {
  return z
    .string()
    .max(300)
    .transform((text, context): T => {
      try {
        return parse(text);
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        context.addIssue({ code: 'custom', message: error.fields[0]?.reason ?? error.message });
        return z.NEVER;
      }
    });
}

export { AccountKeyPath as AccountPath } from './account-path';

/** The calendar all boundaries of an account are counted by; by default UTC months. */
export const PutAccount = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters')
      .nullable()
      .default(null),
    anchor: parsedBy((text) => new Date(parseInstant(text, 'anchor'))).optional(),
    interval: z.enum(['hour', 'day', 'week', 'month', 'year']).default('month'),
    interval_count: z.int().min(1).max(1000).default(1),
    time_zone: z
      .string()
      .max(100)
      .refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin')
      .default('UTC'),
  })
  .transform(({ name, anchor, interval, interval_count: count, time_zone: timeZone }) => ({
    name,
    calendar: { anchor: anchor ?? EPOCH, interval, count, timeZone } satisfies Calendar,
  }));
export type PutAccount = z.infer<typeof PutAccount>;

const EPOCH = new Date('1970-01-01T00:00:00Z');

export const ListAccounts = PageQuery;
export type ListAccounts = z.infer<typeof ListAccounts>;
