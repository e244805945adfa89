import { z } from 'zod';
import { AGGREGATIONS, type Meter, ON_UNAVAILABLE } from '../core/meter';
import { formatQuantity, quantityOfRatio } from '../core/quantity';
import { type AnswerOf, DecimalText, pageAnswer } from '../platform/doors/open-api-answer';
import { decodeCursor, encodeCursor, pageOf } from '../platform/doors/pagination';
import { ListMeters, MeterPath, PutMeter, PutMeterBody } from './meter.commands';
import type { MeterDefinition } from './meter.repository';

export const fromRestMeterKey = (path: unknown): string => MeterPath.parse(path).key;
export const fromRestListMeters = (query: unknown): ListMeters => ListMeters.parse(query);
export const fromRestPutMeter = (body: unknown): MeterDefinition => PutMeter.parse(body);

/** The key stands in the path here and nowhere else. */
export function fromRestPutMeterAt(path: unknown, body: unknown): MeterDefinition {
  return PutMeter.parse({ ...PutMeterBody.parse(body), key: fromRestMeterKey(path) });
}

export const MeterAnswer = z
  .strictObject({
    key: z.string(),
    name: z.string(),
    description: z.string(),
    unit: z.string(),
    aggregation: z.enum(AGGREGATIONS),
    event_types: z.array(z.string()),
    levels: z.record(z.string(), DecimalText),
    weights: z.record(z.string(), DecimalText),
    value_property: z.string().nullable(),
    resource_property: z.string().nullable(),
    dimensions: z.array(z.string()),
    filters: z.array(
      z.strictObject({
        property: z.string(),
        operator: z.enum(['in', 'not_in']),
        values: z.array(z.string()),
      }),
    ),
    unit_conversion: z.strictObject({ divide_by: DecimalText }),
    on_unavailable: z.enum(ON_UNAVAILABLE),
  })
  .meta({ id: 'Meter' });
export const MeterPageAnswer = pageAnswer(MeterAnswer);

export function toRestMeter(meter: Meter): AnswerOf<typeof MeterAnswer> {
  return {
    key: meter.key,
    name: meter.name,
    description: meter.description,
    unit: meter.unit,
    aggregation: meter.aggregation,
    event_types: meter.eventTypes,
    levels: meter.levels,
    weights: meter.weights,
    value_property: meter.valueProperty,
    resource_property: meter.resourceProperty,
    dimensions: meter.dimensions,
    filters: meter.filters,
    unit_conversion: { divide_by: formatQuantity(quantityOfRatio(meter.divideBy)) },
    on_unavailable: meter.onUnavailable,
  };
}

const Position = z.strictObject({ id: z.int() });

export const meterAfter = ({ cursor }: ListMeters): number =>
  cursor === undefined ? 0 : decodeCursor('meters', Position, cursor).id;

export function toRestMeterPage(meters: readonly Meter[], limit: number): AnswerOf<typeof MeterPageAnswer> {
  const page = pageOf(meters, limit, (last) => encodeCursor('meters', { id: last.id }));
  return { items: page.items.map(toRestMeter), next_cursor: page.next_cursor };
}
