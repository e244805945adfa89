import { quantity, ZERO, type Quantity } from './quantity';

/**
 * Gauges kept incrementally (decision D). For each window and each combination of dimensions two sums are stored:
 * `delta`, by how much the total level changes inside the window, and `moment`, what those changes contribute to the
 * window's own integral. A change on one resource touches only the windows of its own instant and of the next
 * change; the quiet windows between them follow from the deltas before them. All instants are milliseconds, all
 * integrals level · milliseconds at the common scale.
 */

/** What a resource stands at: a level, booked under one combination of dimensions (canonical text, equal = same). */
export interface LevelState {
  readonly level: Quantity;
  readonly dims: string;
}

/** From `at` on the resource stands at this state. */
export interface StateChange extends LevelState {
  readonly at: number;
}

/** From `at` on the total level under `dims` is higher by `delta` (lower, when negative). */
export interface LevelDelta {
  readonly at: number;
  readonly dims: string;
  readonly delta: Quantity;
}

/** A rollup window in milliseconds, half-open. */
export interface LevelWindow {
  readonly from: number;
  readonly to: number;
}

/** The two sums of one stored window; a window without a row stands for zeros. */
export interface WindowRow {
  readonly delta: Quantity;
  readonly moment: Quantity;
}

const NOTHING: LevelState = { level: ZERO, dims: '' };

/** What moving from one state to another adds at `at`; dimensions that change move the level from old to new. */
function transition(at: number, before: LevelState, after: LevelState): LevelDelta[] {
  if (before.dims === after.dims) {
    const delta = quantity(after.level - before.level);
    return delta === ZERO ? [] : [{ at, dims: after.dims, delta }];
  }
  const deltas: LevelDelta[] = [];
  if (before.level !== ZERO) deltas.push({ at, dims: before.dims, delta: quantity(-before.level) });
  if (after.level !== ZERO) deltas.push({ at, dims: after.dims, delta: after.level });
  return deltas;
}

/**
 * What inserting a change between its neighbours adds to the stored windows: the step from `previous` to `change` at
 * the change's instant, and the same step back at the next change, which until now began from `previous`. The
 * neighbours are those of the same resource by time and then event id; null where there is none. A change whose
 * successor has the same instant holds for no time and adds nothing.
 */
export function levelDeltas(
  previous: LevelState | null,
  change: StateChange,
  next: { readonly at: number } | null,
): LevelDelta[] {
  if (next?.at === change.at) return [];
  const before = previous ?? NOTHING;
  const here = transition(change.at, before, change);
  return next ? [...here, ...transition(next.at, change, before)] : here;
}

/**
 * What taking a change out again adds (a void): the exact opposite of `levelDeltas` between the neighbours that the
 * change has now. An amend is this for the old wording and `levelDeltas` for the new one, each between its own
 * neighbours at the time it is applied.
 */
export function withoutDeltas(
  previous: LevelState | null,
  change: StateChange,
  next: { readonly at: number } | null,
): LevelDelta[] {
  return levelDeltas(previous, change, next).map((each) => ({ ...each, delta: quantity(-each.delta) }));
}

/**
 * What a delta adds to the row of its window: itself, and itself times the rest of the window. A delta outside the
 * window is a programming error and throws a RangeError.
 */
export function addToWindow(window: LevelWindow, { at, delta }: { at: number; delta: Quantity }): WindowRow {
  if (at < window.from || at >= window.to)
    throw new RangeError('a delta belongs to the window of its own instant');
  return { delta, moment: quantity(delta * BigInt(window.to - at)) };
}

/** The integral of a whole window that opens at the sum of all deltas before it. */
export function windowUsage(opening: Quantity, row: WindowRow, window: LevelWindow): Quantity {
  return quantity(opening * BigInt(window.to - window.from) + row.moment);
}

/**
 * The integral from the window's beginning to `now`: nothing before it, all of it from its end on. Inside the window
 * the part after `now` is taken off at the closing level, which is exact as long as no change of the window lies after
 * `now`; where future changes are accepted, ask for the end of the window or fold the changes themselves.
 */
export function usageUntil(
  opening: Quantity,
  row: WindowRow,
  window: LevelWindow & { now: number },
): Quantity {
  if (window.now <= window.from) return ZERO;
  const rest = BigInt(Math.max(0, window.to - window.now));
  return quantity(windowUsage(opening, row, window) - (opening + row.delta) * rest);
}

/**
 * By how much the total level ever rises over the window's opening: the highest sum of deltas at any instant of the
 * window, given all deltas inside it, in any order. The opening itself counts as zero unless a delta replaces it at
 * the very beginning, so the answer is negative when the level drops there and never recovers. Deltas of one
 * instant take effect together: what stops as something else starts is never counted beside it, whatever their ids.
 */
export function highestPrefix(deltas: readonly Omit<LevelDelta, 'dims'>[], window: LevelWindow): Quantity {
  const ordered = [...deltas].sort((a, b) => a.at - b.at);
  let sum = 0n;
  let highest = ordered[0]?.at === window.from ? null : 0n;
  ordered.forEach(({ at, delta }, i) => {
    sum += delta;
    if (ordered[i + 1]?.at !== at && (highest === null || sum > highest)) highest = sum;
  });
  return quantity(highest ?? 0n);
}

/**
 * The peak of a window; `highest` is null for a window without deltas, whose level never moved. The peak of a
 * longer stretch is the highest of its windows, quiet ones included. Peaks of different dimensions do not add up: the
 * peak over all of them takes the prefix of all their deltas together.
 */
export function windowPeak(opening: Quantity, highest: Quantity | null): Quantity {
  return quantity(opening + (highest ?? 0n));
}
