import type { FocusUsage } from '../core/focus';
import type { FocusPrice } from '../core/focus-price';
import type { RowVerdict } from './row-verdict';

/** Where the rows of a bill go: this process's own services, or the REST door of another one. */
export interface FocusTarget {
  /** Makes the meters and list prices that are missing; answers the meters that cannot be used, with the reason. */
  prepare(prices: readonly FocusPrice[]): Promise<ReadonlyMap<string, string>>;
  /** Stores rows as events of any age, one verdict each in their order; durable when it returns. */
  record(rows: readonly FocusUsage[]): Promise<readonly RowVerdict[]>;
}
