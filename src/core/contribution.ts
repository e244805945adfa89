import type { Reading } from './event';
import { type RollupState, EMPTY_STATE, mergeStates, stateOf } from './rollup';
import { quantity } from './quantity';

/** A stretch of time in milliseconds since 1970, half-open. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Where the readings of one event land: whose they are, when, and in which segment of the account's calendar. */
export interface Placed {
  readonly bucket: number;
  readonly accountId: number;
  readonly key: string;
  readonly at: number;
  readonly segment: Stretch;
  readonly readings: readonly Reading[];
}

/** What a group of events adds to one row: a counter (segment), or a rollup window with the day it belongs to. */
export interface Sum {
  readonly bucket: number;
  readonly accountId: number;
  readonly meterId: number;
  readonly dims: string;
  readonly from: number;
  readonly to: number;
  readonly day: Stretch | null;
  state: RollupState;
  /** Distinct values and how often they came, for unique meters; null for all others. */
  values: Map<string, number> | null;
}

const CELL_MS = { hour: 3_600_000, day: 86_400_000 } as const;

/** The UTC hour or day around `at`, cut at the ends of the segment: the window it is rolled up in (decision A1). */
export function segmentCell(at: number, segment: Stretch, length: keyof typeof CELL_MS): Stretch {
  const start = at - (at % CELL_MS[length]);
  return { from: Math.max(start, segment.from), to: Math.min(start + CELL_MS[length], segment.to) };
}

/**
 * Adds up what events contribute, per counter and per rollup window, in the order in which rows are locked
 * (decision 11). `sign` −1n takes contributions away again, as a void does; it is meaningful for sums and counts
 * only, because a maximum cannot be un-seen. Levels of gauges are not amounts and are left out here.
 */
export function sumContributions(
  events: readonly Placed[],
  sign: 1n | -1n = 1n,
): { counters: Sum[]; windows: Sum[] } {
  const counters = new Map<string, Sum>();
  const windows = new Map<string, Sum>();
  for (const event of events) {
    for (const reading of event.readings) {
      if (reading.kind === 'level') continue;
      addTo(counters, event, { reading, dims: '', stretch: event.segment, day: null, sign });
      if (reading.dims !== '') {
        addTo(counters, event, { reading, dims: reading.dims, stretch: event.segment, day: null, sign });
      }
      const stretch = segmentCell(event.at, event.segment, 'hour');
      const day = segmentCell(event.at, event.segment, 'day');
      addTo(windows, event, { reading, dims: reading.dims, stretch, day, sign });
    }
  }
  return { counters: inLockOrder(counters), windows: inLockOrder(windows) };
}

interface Addition {
  readonly reading: Exclude<Reading, { kind: 'level' }>;
  readonly dims: string;
  readonly stretch: Stretch;
  readonly day: Stretch | null;
  readonly sign: 1n | -1n;
}

function addTo(sums: Map<string, Sum>, event: Placed, addition: Addition): void {
  const { reading, dims, stretch, day } = addition;
  const name = `${event.accountId} ${reading.meter.id} ${stretch.from} ${dims}`;
  let sum = sums.get(name);
  if (sum === undefined) {
    const { bucket, accountId } = event;
    const meterId = reading.meter.id;
    const values = reading.kind === 'value' ? new Map<string, number>() : null;
    sum = { bucket, accountId, meterId, dims, ...stretch, day, state: EMPTY_STATE, values };
    sums.set(name, sum);
  }
  add(sum, event, addition);
}

function add(sum: Sum, event: Placed, { reading, sign }: Addition): void {
  if (reading.kind === 'value') {
    const step = sign === 1n ? 1 : -1;
    sum.values!.set(reading.value, (sum.values!.get(reading.value) ?? 0) + step);
    return;
  }
  const state =
    sign === 1n
      ? stateOf(reading.meter.aggregation, { at: event.at, key: event.key, value: reading.value })
      : { ...EMPTY_STATE, sum: quantity(-reading.value), count: -1n };
  sum.state = sum.state === EMPTY_STATE ? state : mergeStates(sum.state, state);
}

function inLockOrder(sums: Map<string, Sum>): Sum[] {
  return [...sums.values()].sort(
    (a, b) =>
      a.bucket - b.bucket ||
      a.accountId - b.accountId ||
      a.meterId - b.meterId ||
      a.from - b.from ||
      (a.dims < b.dims ? -1 : a.dims > b.dims ? 1 : 0),
  );
}
