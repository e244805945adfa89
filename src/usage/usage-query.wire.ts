import { z } from 'zod';
import { AGGREGATIONS } from '../core/meter';
import { formatRatio } from '../core/quantity';
import { divideRatios } from '../core/ratio';
import { type AnswerOf, DecimalText, InstantText } from '../platform/doors/open-api-answer';
import { MeterPath, type ReadUsage, UsageParameters } from './usage-query.commands';
import type { UsageAnswer } from './usage-query.service';

const FILTER_PREFIX = 'filter.';

/** `filter.region=eu` becomes the value `eu` of `filter.region`; other names are read as they stand. */
export function fromRestReadUsage(path: unknown, query: unknown): ReadUsage {
  const sent = Object.entries(query as Record<string, unknown>);
  const filters = sent.filter(([name]) => name.startsWith(FILTER_PREFIX));
  const others = sent.filter(([name]) => !name.startsWith(FILTER_PREFIX));
  const parameters = UsageParameters.parse({
    filter: Object.fromEntries(filters.map(([name, value]) => [name.slice(FILTER_PREFIX.length), value])),
    ...Object.fromEntries(others),
  });
  return { ...parameters, meter: MeterPath.parse(path).key };
}

const instant = (ms: number): string => new Date(ms).toISOString();

export const UsageReport = z
  .strictObject({
    meter: z.string(),
    unit: z.string(),
    aggregation: z.enum(AGGREGATIONS),
    account: z.string(),
    from: InstantText,
    to: InstantText,
    window: z.enum(['hour', 'day', 'week', 'month', 'total']),
    time_zone: z.string(),
    data: z.array(
      z.strictObject({
        from: InstantText,
        to: InstantText,
        group: z
          .record(z.string(), z.string().nullable())
          .optional()
          .meta({ description: 'The values of the dimensions grouped by; null where an event had none.' }),
        quantity: DecimalText.nullable().meta({ description: 'Null where nothing was measured.' }),
      }),
    ),
  })
  .meta({ id: 'Usage' });

/** Quantities leave the base unit here, and only here are they rounded, to 15 places. */
export function toRestUsage({
  meter,
  account,
  from,
  to,
  window,
  timeZone,
  rows,
}: UsageAnswer): AnswerOf<typeof UsageReport> {
  return {
    meter: meter.key,
    unit: meter.unit,
    aggregation: meter.aggregation,
    account,
    from: instant(from),
    to: instant(to),
    window,
    time_zone: timeZone,
    data: rows.map((row) => ({
      from: instant(row.from),
      to: instant(row.to),
      ...(row.group === null ? {} : { group: row.group }),
      quantity: row.usage === null ? null : formatRatio(divideRatios(row.usage, meter.divideBy)),
    })),
  };
}
