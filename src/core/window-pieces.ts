import type { Stretch } from './contribution';

/** A part of the query window that stands at place `window` of the list asked for. */
export interface Piece extends Stretch {
  readonly window: number;
}

/** Query windows taken apart by the grain at which they can be read. */
export interface Pieces {
  /** Runs of whole UTC days: every stored day that begins in one of them ends in it. */
  readonly days: Piece[];
  /** Runs of whole rollup windows outside of those days. */
  readonly hours: Piece[];
  /** What cuts through a rollup window: only the events themselves know. */
  readonly edges: Piece[];
}

export interface Cuts {
  /** The segment of the account's calendar that holds an instant; its ends cut hours and days (decision A1). */
  readonly segmentAt: (at: number) => Stretch;
  /** An instant that counts as the end of its hour, because nothing lies between it and that end. */
  readonly quietFrom?: number;
}

const HOUR = 3_600_000;
const DAY = 86_400_000;

function isCut(at: number, grain: number, cuts: Cuts): boolean {
  return at % grain === 0 || cuts.segmentAt(at).from === at || (grain === HOUR && at === cuts.quietFrom);
}

function cutAtOrBefore(at: number, grain: number, cuts: Cuts): number {
  return isCut(at, grain, cuts) ? at : Math.max(at - (at % grain), cuts.segmentAt(at).from);
}

function cutAtOrAfter(at: number, grain: number, cuts: Cuts): number {
  return isCut(at, grain, cuts) ? at : Math.min(at - (at % grain) + grain, cuts.segmentAt(at).to);
}

/** Where the rollup window of `at` begins. */
export function hourStart(at: number, cuts: Cuts): number {
  return cutAtOrBefore(at, HOUR, cuts);
}

/** The first end of a rollup window at or after `at`. */
export function hourEnd(at: number, cuts: Cuts): number {
  return cutAtOrAfter(at, HOUR, cuts);
}

/**
 * Takes query windows apart into stored days, stored rollup windows and the edges that lie inside of one. Together the
 * pieces of a window are the window, and no instant lies in two of them. `days: false` reads no day.
 */
export function piecesOf(windows: readonly Stretch[], cuts: Cuts, { days }: { days: boolean }): Pieces {
  const pieces: Pieces = { days: [], hours: [], edges: [] };
  windows.forEach(({ from, to }, window) => {
    const put = (list: Piece[], first: number, last: number): void => {
      if (first < last) list.push({ window, from: first, to: last });
    };
    const [first, last] = [hourEnd(from, cuts), hourStart(to, cuts)];
    if (first >= last) return put(pieces.edges, from, to);
    put(pieces.edges, from, first);
    const firstDay = days ? cutAtOrAfter(first, DAY, cuts) : last;
    const lastDay = cutAtOrBefore(last, DAY, cuts);
    if (firstDay < lastDay) {
      put(pieces.hours, first, firstDay);
      put(pieces.days, firstDay, lastDay);
      put(pieces.hours, lastDay, last);
    } else {
      put(pieces.hours, first, last);
    }
    put(pieces.edges, last, to);
  });
  return pieces;
}

/** The pieces without some stretches that lie inside of them (in order, each inside one piece of its own window). */
export function withoutPieces(pieces: readonly Piece[], taken: readonly Piece[]): Piece[] {
  const left: Piece[] = [];
  let next = 0;
  for (const { window, from, to } of pieces) {
    let start = from;
    for (; next < taken.length && taken[next]!.from < to; next++) {
      if (start < taken[next]!.from) left.push({ window, from: start, to: taken[next]!.from });
      start = taken[next]!.to;
    }
    if (start < to) left.push({ window, from: start, to });
  }
  return left;
}
