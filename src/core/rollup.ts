import type { Aggregation } from './meter';
import { ONE, type Quantity, ZERO, quantity } from './quantity';
import { type Ratio, ratio } from './ratio';

/** One reading among the latest: ties of time are broken by the event's key, never by arrival. */
export interface LastReading {
  readonly at: number;
  readonly key: string;
  readonly value: Quantity;
}

/** What is kept of the readings of one window; merging two states equals folding their readings together. */
export interface RollupState {
  readonly sum: Quantity;
  readonly count: bigint;
  readonly min: Quantity | null;
  readonly max: Quantity | null;
  readonly last: LastReading | null;
}

export const EMPTY_STATE: RollupState = { sum: ZERO, count: 0n, min: null, max: null, last: null };

/** The state of a unique meter's row, which keeps only by how much the number of its distinct values changes. */
export function distinctState(change: number): RollupState {
  return { ...EMPTY_STATE, count: BigInt(change) };
}

/** The state of a single reading. Only what the aggregation needs is filled, so that stored rows stay small. */
export function stateOf(aggregation: Aggregation, reading: LastReading): RollupState {
  const state = { sum: reading.value, count: 1n, min: null, max: null, last: null };
  switch (aggregation) {
    case 'max':
      return { ...state, max: reading.value };
    case 'min':
      return { ...state, min: reading.value };
    case 'latest':
      return { ...state, last: reading };
    default:
      return state;
  }
}

/** Commutative and associative: the arrival order of events changes nothing. */
export function mergeStates(a: RollupState, b: RollupState): RollupState {
  return {
    sum: quantity(a.sum + b.sum),
    count: a.count + b.count,
    min: least(a.min, b.min),
    max: greatest(a.max, b.max),
    last: later(a.last, b.last),
  };
}

function least(a: Quantity | null, b: Quantity | null): Quantity | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}

function greatest(a: Quantity | null, b: Quantity | null): Quantity | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}

function later(a: LastReading | null, b: LastReading | null): LastReading | null {
  if (a === null || b === null) return a ?? b;
  return a.at > b.at || (a.at === b.at && a.key > b.key) ? a : b;
}

/**
 * The figure of a window in base units; null where there is none (the maximum of nothing). A unique count arrives
 * in `distinct`, because values of two windows may be the same ones.
 */
export function usageOf(aggregation: Aggregation, state: RollupState, distinct: bigint): Ratio | null {
  switch (aggregation) {
    case 'sum':
    case 'count':
    case 'gauge_integral':
      return ratio(state.sum, ONE);
    case 'average':
      return state.count === 0n ? null : ratio(state.sum, state.count * ONE);
    case 'unique':
      return ratio(distinct);
    case 'max':
    case 'gauge_peak':
      return state.max === null ? null : ratio(state.max, ONE);
    case 'min':
      return state.min === null ? null : ratio(state.min, ONE);
    case 'latest':
      return state.last === null ? null : ratio(state.last.value, ONE);
    default:
      return aggregation satisfies never;
  }
}
