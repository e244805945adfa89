import type { Quantity } from '../core/quantity';

/** The running total of the counter an event asked about, and the limit it stood under; both in base units. */
export interface Told {
  readonly used: Quantity;
  readonly limit: Quantity | null;
}

/** The event would have brought a counter over a limit of policy `refuse`. Nothing was counted and its id is free. */
export interface LimitRefusal extends Told {
  readonly status: 'refused';
  readonly code: 'limit-refused';
  readonly reason: string;
  readonly fields: readonly string[];
  /** The key of the meter. */
  readonly meter: string;
}

/** What became of one event of a group; `told` is there for events that asked. */
export type Outcome =
  | { readonly status: 'recorded'; readonly told?: Told }
  | { readonly status: 'duplicate'; readonly told?: Told }
  | { readonly status: 'conflict'; readonly fields: readonly string[] }
  /** Postgres itself could not take the value, such as a sum beyond its digits. */
  | { readonly status: 'refused'; readonly code?: undefined; readonly reason: string }
  | LimitRefusal;

export const RECORDED: Outcome = { status: 'recorded' };
export const DUPLICATE: Outcome = { status: 'duplicate' };
