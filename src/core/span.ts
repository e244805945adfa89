import { quantity, ZERO, type Quantity } from './quantity';

/** A stretch `[from, to)` in milliseconds during which a level held on one resource; open while `to` is null. */
export interface Span {
  readonly from: number;
  readonly to: number | null;
  readonly level: Quantity;
}

/** One fact about one resource: from `at` (milliseconds) on it has this level, until its next change. */
export interface LevelChange {
  readonly at: number;
  readonly eventId: string;
  readonly level: Quantity;
}

/**
 * The order in which changes of a resource take effect: by time, then by event id compared by code units (collation
 * "C" in Postgres). Arrival has no say, so that every order of delivery ends in the same spans.
 */
export function byOccurrence(a: LevelChange, b: LevelChange): number {
  if (a.at !== b.at) return a.at - b.at;
  return a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0;
}

/**
 * The spans of one resource. Each change closes the span before it, also when the level stays the same (a start of
 * what already runs closes and reopens, TR-10); level zero opens nothing, and of several changes at one instant only
 * the last one holds. The last span stays open, or is cut at `until` when that is given: nothing lies beyond it.
 */
export function fold(changes: readonly LevelChange[], { until }: { until?: number } = {}): Span[] {
  const ordered = [...changes].sort(byOccurrence);
  const spans: Span[] = [];
  ordered.forEach((change, i) => {
    const to = ordered[i + 1]?.at ?? null;
    if (change.level === ZERO || to === change.at) return;
    const span = { from: change.at, to, level: change.level };
    const held = until === undefined ? span : clip(span, span.from, until);
    if (held) spans.push(held);
  });
  return spans;
}

/** The part of a span inside `[from, to)`, or null where they do not meet. A clipped span is closed. */
export function clip(span: Span, from: number, to: number): Span | null {
  const first = Math.max(span.from, from);
  const last = span.to === null ? to : Math.min(span.to, to);
  return first < last ? { from: first, to: last, level: span.level } : null;
}

/** Exact level · milliseconds of the spans inside `[from, to)`, at the common scale; open spans count up to `to`. */
export function integral(spans: readonly Span[], from: number, to: number): Quantity {
  let sum = 0n;
  for (const span of spans) {
    const first = Math.max(span.from, from);
    const last = Math.min(span.to ?? to, to);
    if (first < last) sum += span.level * BigInt(last - first);
  }
  return quantity(sum);
}

/**
 * The highest total level of several resources at any instant of `[from, to)`; zero when nothing ran. What ends at an
 * instant no longer counts when something else begins there, because spans are half-open.
 */
export function peak(spansByResource: readonly (readonly Span[])[], from: number, to: number): Quantity {
  const steps = spansByResource.flat().flatMap((span) => {
    const part = clip(span, from, to);
    if (!part) return [];
    return [
      { at: part.from, delta: span.level },
      { at: part.to ?? to, delta: -span.level },
    ];
  });
  steps.sort((a, b) => a.at - b.at);
  let [total, highest] = [0n, 0n];
  steps.forEach((step, i) => {
    total += step.delta;
    if (steps[i + 1]?.at !== step.at && total > highest) highest = total;
  });
  return quantity(highest);
}
