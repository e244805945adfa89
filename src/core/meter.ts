import type { Ratio } from './ratio';

/** How a meter turns the readings of a window into one figure. The two gauges hold levels between events. */
export type Aggregation =
  'sum' | 'count' | 'max' | 'min' | 'latest' | 'unique' | 'average' | 'gauge_integral' | 'gauge_peak';

export const AGGREGATIONS: readonly Aggregation[] = [
  'sum',
  'count',
  'max',
  'min',
  'latest',
  'unique',
  'average',
  'gauge_integral',
  'gauge_peak',
];

/** Keeps an event when the text of `property` is (`in`) or is not (`not_in`) one of `values`. */
export interface MeterFilter {
  readonly property: string;
  readonly operator: 'in' | 'not_in';
  readonly values: readonly string[];
}

/** A named way to measure. Everything that changes what is measured is fixed when the meter is made. */
export interface Meter {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  readonly description: string;
  /** The unit shown to people, after `divideBy`: `GB-hours`, `minutes`, `requests`. */
  readonly unit: string;
  readonly aggregation: Aggregation;
  /** Types of events that teach this meter something. */
  readonly eventTypes: readonly string[];
  /** Of a gauge: the level that an event of a type sets by itself, as a plain decimal; other types say their own. */
  readonly levels: Readonly<Record<string, string>>;
  /** Where the value stands in the properties; null = the event's own quantity. */
  readonly valueProperty: string | null;
  /** Where a gauge finds what carries the level; null = the event's own resource. */
  readonly resourceProperty: string | null;
  readonly dimensions: readonly string[];
  readonly filters: readonly MeterFilter[];
  /** Displayed usage = stored usage in base units / `divideBy` (decision 8: applied once, never per event). */
  readonly divideBy: Ratio;
  /** What becomes of its usage in the ledger: rated at the end of a period, or span by span as each one ends. */
  readonly posting: 'period' | 'span';
}

/** Gauges are fed with levels that hold until the next one; all others with amounts. */
export function isGauge(aggregation: Aggregation): boolean {
  return aggregation === 'gauge_integral' || aggregation === 'gauge_peak';
}

/** Whether a meter's figure over a long window is the sum of its figures over the parts. */
export function isAdditive(aggregation: Aggregation): boolean {
  return aggregation === 'sum' || aggregation === 'count' || aggregation === 'gauge_integral';
}
