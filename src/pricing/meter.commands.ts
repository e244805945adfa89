import { z } from 'zod';
import { AGGREGATIONS, isGauge, METER_KEY_PATTERN, ON_UNAVAILABLE } from '../core/meter';
import { formatQuantity, parseQuantity } from '../core/quantity';
import { ratio } from '../core/ratio';
import { ONE } from '../core/quantity';
import { PageQuery } from '../platform/doors/pagination';
import type { MeterDefinition } from './meter.repository';

const MS_PER_HOUR = '3600000';

export const MeterKey = z
  .string()
  .regex(new RegExp(METER_KEY_PATTERN), 'must be 1 to 100 of a-z, 0-9, _ . - and begin with a letter');

const Text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters');
const PropertyPath = Text(200).min(1);

const Filter = z.strictObject({
  property: PropertyPath,
  operator: z.enum(['in', 'not_in']).default('in'),
  values: z.array(Text(200)).min(1).max(100),
});

const DivideBy = z
  .string()
  .regex(/^\d{1,23}(\.\d{1,15})?$/, 'must be a plain decimal')
  .refine((text) => !/^[0.]*$/.test(text), 'must be greater than zero');

/** A level, or a weight. */
const ByType = z.record(
  Text(255).min(1),
  z.string().regex(/^\d{1,9}(\.\d{1,15})?$/, 'must be a plain decimal'),
);

/** The body of `PUT /api/v1/meters/{key}`. An hour is the default base of a gauge's integral: level × hours. */
export const PutMeterBody = z.strictObject({
  name: Text(200).optional(),
  description: Text(2_000).default(''),
  unit: Text(50).min(1),
  aggregation: z
    .enum(AGGREGATIONS)
    .meta({ description: 'The two gauges are fed with levels that hold until the next one.' }),
  event_types: z
    .array(Text(255).min(1))
    .min(1)
    .max(50)
    .optional()
    .meta({ description: 'By default the key of the meter.' }),
  levels: ByType.default({}).meta({
    description: 'Of a gauge: what an event of a type sets the level to, whatever it says itself.',
  }),
  weights: ByType.default({}).meta({
    description:
      'Of a `sum`: what the value of an event is multiplied by, by its type, so that several types draw from one pool. Types without one count as they are.',
  }),
  value_property: PropertyPath.nullable()
    .default(null)
    .meta({ description: 'Where the value stands; null = in the quantity of the event.' }),
  resource_property: PropertyPath.nullable()
    .default(null)
    .meta({ description: 'Of a gauge: what carries the level; null = the resource of the event.' }),
  dimensions: z.array(PropertyPath).max(5).default([]),
  filters: z.array(Filter).max(20).default([]),
  unit_conversion: z
    .strictObject({ divide_by: DivideBy })
    .optional()
    .meta({ description: 'Shown usage = counted usage / `divide_by`; of a gauge’s integral, level × ms.' }),
  on_unavailable: z.enum(ON_UNAVAILABLE).default('closed').meta({
    description:
      'What a check or a consume answers while the database cannot be reached: `open` lets the use happen. May change.',
  }),
});

/** The same with the key in the body, for `PUT /api/v1/meters`. */
export const PutMeter = PutMeterBody.extend({ key: MeterKey })
  .superRefine((body, context) => {
    const issue = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (new Set(body.dimensions).size < body.dimensions.length) issue('dimensions', 'must not repeat a name');
    if (new Set(body.event_types).size < (body.event_types?.length ?? 0))
      issue('event_types', 'must not repeat a type');
    if (body.resource_property !== null && !isGauge(body.aggregation)) {
      issue('resource_property', 'belongs to a gauge');
    }
    const types = body.event_types ?? [body.key];
    const isOfOwn = { levels: isGauge(body.aggregation), weights: body.aggregation === 'sum' };
    for (const field of ['levels', 'weights'] as const) {
      for (const type of Object.keys(body[field])) {
        if (!isOfOwn[field]) issue(field, field === 'levels' ? 'belong to a gauge' : 'belong to a sum');
        else if (!types.includes(type)) issue(field, `names ${type}, which the meter does not listen to`);
      }
    }
    if (body.value_property !== null && body.aggregation === 'count') {
      issue('value_property', 'does not belong to a count, which counts events');
    }
  })
  .transform((body): MeterDefinition => {
    const divideBy =
      body.unit_conversion?.divide_by ?? (body.aggregation === 'gauge_integral' ? MS_PER_HOUR : '1');
    return {
      key: body.key,
      name: body.name ?? body.key,
      description: body.description,
      unit: body.unit,
      aggregation: body.aggregation,
      eventTypes: body.event_types ?? [body.key],
      valueProperty: body.value_property,
      resourceProperty: body.resource_property,
      dimensions: body.dimensions,
      filters: body.filters.map(({ property, operator, values }) => ({ property, operator, values })),
      levels: canonical(body.levels),
      weights: canonical(body.weights),
      divideBy: ratio(parseQuantity(divideBy), ONE),
      posting: 'period',
      onUnavailable: body.on_unavailable,
    };
  });

/** Canonical, because definitions are compared as text. */
function canonical(byType: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(byType).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([type, value]) => [type, formatQuantity(parseQuantity(value))]));
}

export const MeterPath = z.strictObject({ key: MeterKey.meta({ example: 'api_calls' }) });

export const ListMeters = PageQuery;
export type ListMeters = z.infer<typeof ListMeters>;
