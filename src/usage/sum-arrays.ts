import type { Sum } from '../core/contribution';
import { fullDecimal } from '../core/quantity';
import { isAddedUp, markText } from '../core/work-mark';
import { plainArray, textArray } from '../platform/array-literal';

/** What rows add or hold, an array each: place, stretch, dimensions, then the state from `sum` to `last_value`. */
export function sumArrays(sums: readonly Sum[]): string[] {
  return [
    ...placeArrays(sums),
    plainArray(sums, (sum) => decimal(sum.state.sum)),
    plainArray(sums, (sum) => sum.state.count),
    plainArray(sums, (sum) => decimal(sum.state.min)),
    plainArray(sums, (sum) => decimal(sum.state.max)),
    plainArray(sums, (sum) => sum.state.last?.at ?? null),
    plainArray(sums, (sum) => sum.state.last?.key ?? null),
    plainArray(sums, (sum) => decimal(sum.state.last?.value)),
  ];
}

function placeArrays(sums: readonly Sum[]): string[] {
  return [
    plainArray(sums, (sum) => sum.bucket),
    plainArray(sums, (sum) => sum.accountId),
    plainArray(sums, (sum) => sum.meterId),
    plainArray(sums, (sum) => sum.from),
    plainArray(sums, (sum) => sum.to),
    textArray(sums, (sum) => sum.dims),
  ];
}

function decimal(value: bigint | null | undefined): string | null {
  return value === null || value === undefined ? null : fullDecimal(value);
}

/** A work mark: the JSON of what SQL cannot add up, how many windows follow, and their arrays. */
export function markArrays(windows: readonly Sum[]): unknown[] {
  const added = windows.filter(isAddedUp);
  const others = added.length === windows.length ? [] : windows.filter((window) => !isAddedUp(window));
  return [
    others.length === 0 ? null : markText(others),
    added.length,
    ...placeArrays(added),
    plainArray(added, (sum) => sum.day!.from),
    plainArray(added, (sum) => sum.day!.to),
    plainArray(added, (sum) => decimal(sum.state.sum)),
    plainArray(added, (sum) => sum.state.count),
    added.some((sum) => sum.state.min !== null) ? plainArray(added, (sum) => decimal(sum.state.min)) : null,
    added.some((sum) => sum.state.max !== null) ? plainArray(added, (sum) => decimal(sum.state.max)) : null,
  ];
}
