import { ONE, parseQuantity, type Quantity } from './quantity';
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

export const METER_KEY_PATTERN = '^[a-z][a-z0-9_.-]{0,99}$';

/**
 * What a check or a consume answers while Postgres cannot be reached: `open` lets the use happen, `closed` does not.
 */
export const ON_UNAVAILABLE = ['open', 'closed'] as const;
export type OnUnavailable = (typeof ON_UNAVAILABLE)[number];

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
  /**
   * Of a sum: what an event's value is multiplied by, by its type, as a plain decimal; other types count as they are. The
   * types of such a meter draw from one pool, each at its own price.
   */
  readonly weights: Readonly<Record<string, string>>;
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
  /** May change: it does not touch what is measured. */
  readonly onUnavailable: OnUnavailable;
}

/** Gauges are fed with levels that hold until the next one; all others with amounts. */
export function isGauge(aggregation: Aggregation): boolean {
  return aggregation === 'gauge_integral' || aggregation === 'gauge_peak';
}

/** Whether a meter's figure over a long window is the sum of its figures over the parts. */
export function isAdditive(aggregation: Aggregation): boolean {
  return aggregation === 'sum' || aggregation === 'count' || aggregation === 'gauge_integral';
}

/** What an event of a type counts for in a sum, in units of its value: one where the meter says nothing. */
export function weightOf({ weights }: Pick<Meter, 'weights'>, type: string): Quantity {
  const weight = Object.hasOwn(weights, type) ? weights[type] : undefined;
  return weight === undefined ? ONE : parseQuantity(weight);
}
