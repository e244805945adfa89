import { z } from 'zod';
import type { CalculationRequest } from '../core/calculate';
import { parseInstant } from '../core/instant';
import { parseCurrency } from '../core/money';
import { instantOfWallClock, isTimeZone, type Calendar } from '../core/period';
import { parsePrice } from '../core/price-shape';
import type { UsageEntry } from '../core/price';
import { parseQuantity, type Quantity, ZERO } from '../core/quantity';
import { parsedBy } from '../platform/doors/parsed-by';
import { PriceJson } from './price-description';

const ENTRIES_MAX = 10_000;
const TEXT_MAX = 200;

const Text = z.string().max(TEXT_MAX);

/** Negative usage cannot be sent (pricing rule 6): a correction is a smaller `usage`, or a void or an amend of events. */
const Counted = parsedBy(z.string(), parseQuantity).refine(
  (value: Quantity) => value >= ZERO,
  'must not be negative',
);

const Entry = z.strictObject({
  quantity: Counted,
  amount: Counted.nullable().optional(),
  dimensions: z.record(Text, Text).optional(),
});
const Entries = z.array(Entry).max(ENTRIES_MAX);

/** The body of `POST /api/v1/prices/calculate`. */
export const CalculatePrice = z
  .strictObject({
    currency: parsedBy(z.string(), parseCurrency),
    price: parsedBy(PriceJson, parsePrice),
    usage: Entries,
    before: Entries.default([]).meta({ description: 'What was rated earlier in the same period.' }),
    final: z.boolean().default(true).meta({ description: 'Whether the period ends with this usage.' }),
  })
  .superRefine(({ price, usage, before }, context) => {
    if (price.model !== 'dynamic') return;
    for (const path of [...withoutAmount('usage', usage), ...withoutAmount('before', before)]) {
      context.addIssue({ code: 'custom', path, message: 'is required by a dynamic price' });
    }
  }) satisfies z.ZodType<CalculationRequest>;

function withoutAmount(list: string, entries: readonly UsageEntry[]): (string | number)[][] {
  return entries.flatMap(({ amount }, index) => ((amount ?? null) === null ? [[list, index, 'amount']] : []));
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const MIDNIGHT = 'T00:00:00Z';

/** An RFC 3339 instant, or a date: then its midnight in the time zone. */
interface Moment {
  readonly at: number;
  readonly isDate: boolean;
}

const MomentParameter = parsedBy(z.string().max(40), (text, field): Moment => {
  const isDate = DATE.test(text);
  return { at: parseInstant(isDate ? text + MIDNIGHT : text, field), isDate };
});

const CountParameter = z
  .string()
  .regex(/^\d{1,4}$/, 'must be a whole number from 1 to 1000')
  .transform((text) => parseInt(text, 10))
  .pipe(z.int().min(1).max(1000))
  .meta({ type: 'integer', minimum: 1, maximum: 1000, description: 'By default 1.', pattern: undefined });

export interface ListBoundaries {
  readonly calendar: Calendar;
  readonly from: Date;
  readonly to: Date;
}

/** The query of `GET /api/v1/calendar`. */
export const ListBoundaries = z
  .strictObject({
    anchor: MomentParameter.meta({
      description: 'An instant, or a date: then its midnight in the time zone.',
      example: '2024-01-31',
    }),
    interval: z.enum(['hour', 'day', 'week', 'month', 'year']).default('month'),
    count: CountParameter.default(1),
    time_zone: z
      .string()
      .max(100)
      .refine(isTimeZone, 'must be an IANA time zone name, such as Europe/Berlin')
      .default('UTC'),
    from: MomentParameter.meta({ example: '2024-01-31' }),
    to: MomentParameter.meta({ example: '2024-04-30' }),
  })
  .transform(({ anchor, interval, count, time_zone: timeZone, from, to }): ListBoundaries => {
    const instant = ({ at, isDate }: Moment) => new Date(isDate ? instantOfWallClock(at, timeZone) : at);
    return {
      calendar: { anchor: instant(anchor), interval, count, timeZone },
      from: instant(from),
      to: instant(to),
    };
  });
