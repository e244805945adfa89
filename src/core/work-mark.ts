import type { Sum } from './contribution';
import { type Quantity, quantity } from './quantity';

/**
 * A work mark says which rollup windows a transaction touched and what it added to them. It is written in the
 * transaction of the events and consumed in the transaction that rolls it up, so nothing is lost or added twice.
 */
export type Mark = Sum & {
  /** The window's figures cannot be had by adding (a maximum was voided): fold them again from the events. */
  readonly refold: boolean;
};

/** Whether one SQL statement can add the window up: sums, counts and extremes, but no distinct values and no latest reading. */
export function isAddedUp({ values, state }: Sum): boolean {
  return values === null && state.last === null;
}

type MarkRow = readonly [
  bucket: number,
  accountId: number,
  meterId: number,
  dims: string,
  from: number,
  to: number,
  dayFrom: number,
  dayTo: number,
  refold: 0 | 1,
  sum: string,
  count: string,
  min: string | null,
  max: string | null,
  last: readonly [at: number, key: string, value: string] | null,
  values: Record<string, number> | null,
];

/** Marks as one compact JSON text; sums must be rollup windows (with their day). Figures are whole units of 10⁻¹⁵. */
export function markText(windows: readonly Sum[], refold = false): string {
  return `[${windows.map((window) => rowText(window, refold)).join(',')}]`;
}

/** Written by hand, because every stored event pays for it. */
function rowText(window: Sum, refold: boolean): string {
  const { state, day, values, dims } = window;
  const place = `${window.bucket},${window.accountId},${window.meterId},${dims === '' ? '""' : JSON.stringify(dims)}`;
  const times = `${window.from},${window.to},${day!.from},${day!.to},${refold ? 1 : 0}`;
  const extremes = `${units(state.min)},${units(state.max)}`;
  const last = state.last === null ? 'null' : `[${state.last.at},"${state.last.key}","${state.last.value}"]`;
  const distinct = values === null ? 'null' : JSON.stringify(Object.fromEntries(values));
  return `[${place},${times},"${state.sum}","${state.count}",${extremes},${last},${distinct}]`;
}

function units(value: Quantity | null): string {
  return value === null ? 'null' : `"${value}"`;
}

/** The reverse of `markText`. */
export function parseMarks(text: string): Mark[] {
  return (JSON.parse(text) as MarkRow[]).map((row) => {
    const [
      bucket,
      accountId,
      meterId,
      dims,
      from,
      to,
      dayFrom,
      dayTo,
      refold,
      sum,
      count,
      min,
      max,
      last,
      values,
    ] = row;
    return {
      bucket,
      accountId,
      meterId,
      dims,
      from,
      to,
      day: { from: dayFrom, to: dayTo },
      refold: refold === 1,
      state: {
        sum: quantity(BigInt(sum)),
        count: BigInt(count),
        min: min === null ? null : quantity(BigInt(min)),
        max: max === null ? null : quantity(BigInt(max)),
        last: last === null ? null : { at: last[0], key: last[1], value: quantity(BigInt(last[2])) },
      },
      values: values === null ? null : new Map(Object.entries(values)),
    };
  });
}
