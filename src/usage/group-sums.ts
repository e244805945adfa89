import type { Sum } from '../core/contribution';
import type { CounterGuard } from './counter-guard';
import type { Overage } from './limit.repository';

/** What a group adds to counters and rollup windows, each in lock order. */
export interface Sums {
  readonly counters: readonly Sum[];
  readonly windows: readonly Sum[];
  /** One for each counter. */
  readonly guards: readonly CounterGuard[];
}

/** The same for the one statement, which does not look at limits: it keeps to guards, or knows that all is overage. */
export interface PlainSums extends Sums {
  readonly overages: readonly Overage[];
}
