import type { Meter } from '../core/meter';
import { compareRatios, ratio } from '../core/ratio';
import type { Properties } from '../core/event';
import type { Quantity } from '../core/quantity';
import type { ConsumeItem } from './consume-usage.commands';

/** The meter that counts features which have none of their own, each as a value of its dimension. */
export const FREE_FEATURES_METER = 'feature_usage';
const DIMENSION = 'feature';

/**
 * Whether Scorpius's doors know a meter as a feature: it adds up what is reported under its own name, unit for unit, as
 * `scans` does. Other meters are measured by other events.
 */
export function isFeature({
  weights,
  key,
  aggregation,
  eventTypes,
  valueProperty,
  filters,
  dimensions,
  divideBy,
}: Meter): boolean {
  return (
    aggregation === 'sum' &&
    eventTypes.includes(key) &&
    !Object.hasOwn(weights, key) &&
    valueProperty === null &&
    filters.length + dimensions.length === 0 &&
    compareRatios(divideBy, ratio(1n)) === 0
  );
}

/** What a tracked feature counts on: its meter, or the one for all features without one. */
export function itemOf(
  { feature, quantity, metadata }: { feature: string; quantity: Quantity; metadata: Properties },
  byKey: ReadonlyMap<string, Meter>,
): ConsumeItem {
  const meter = byKey.get(feature);
  if (meter && isFeature(meter))
    return { meter: feature, type: feature, quantity, resource: null, properties: metadata };
  const hasMetadata = Object.keys(metadata).length > 0;
  const properties = { [DIMENSION]: feature, ...(hasMetadata ? { metadata } : {}) };
  return { meter: FREE_FEATURES_METER, quantity, resource: null, properties };
}

/** The feature that a counter of the meter for all others is kept for. */
export function featureOfDims(dims: string): string {
  return (JSON.parse(dims) as Record<typeof DIMENSION, string>)[DIMENSION];
}
