import type { Sum } from '../core/contribution';
import { guardOf } from '../core/limit';
import { type Quantity, ZERO } from '../core/quantity';
import type { PreparedEvent } from './ingest.repository';

/** What a counter is told about its limit while it is added to. */
export interface CounterGuard {
  /** The terms this was computed under; null = nothing is said, the counter keeps what it has. */
  readonly under: string | null;
  /** Up to here it is added to without a look; null = there is no limit. */
  readonly guard: Quantity | null;
}

export const UNSAID: CounterGuard = { under: null, guard: null };

/** Guards of counters that may not exist yet; null = a limit is in reach, so the counters have to be looked at. */
export function freshGuards(
  events: readonly PreparedEvent[],
  counters: readonly Sum[],
  thresholds: readonly number[],
): CounterGuard[] | null {
  const finder = ruleFinder(events);
  const guards: CounterGuard[] = [];
  for (const counter of counters) {
    const found = finder(counter);
    if (!found) {
      guards.push(UNSAID);
      continue;
    }
    const { under, rule, isWatched } = found;
    const guard = rule && guardOf(ZERO, rule, thresholds);
    if (isWatched || (guard !== null && counter.state.sum > guard)) return null;
    guards.push({ under, guard });
  }
  return guards;
}

/** Finds what the events of a group know about the limit of a counter; undefined for counters of single dimensions. */
function ruleFinder(events: readonly PreparedEvent[]) {
  const limits = new Map(events.map((event) => [`${event.accountId} ${event.segment.from}`, event.limits]));
  const meters = new Map(
    events.flatMap(({ readings }) => readings.map(({ meter }) => [meter.id, meter] as const)),
  );
  return ({ accountId, from, meterId, dims }: Sum) => {
    if (dims !== '') return undefined;
    const at = limits.get(`${accountId} ${from}`)!;
    const rule = at.isEmpty ? null : at.ruleOf(meters.get(meterId)!);
    return { under: at.under, rule, isWatched: at.watched.has(meterId) };
  };
}
