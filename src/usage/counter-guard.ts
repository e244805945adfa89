import type { Sum } from '../core/contribution';
import { guardOf, type LimitRule } from '../core/limit';
import { type Quantity, ZERO } from '../core/quantity';
import type { PreparedEvent } from './prepared-event';
import type { Overage } from './limit.repository';

/** What a counter is told about its limit while it is added to. */
export interface CounterGuard {
  /** The terms this was computed under; null = nothing is said, the counter keeps what it has. */
  readonly under: string | null;
  /** Up to here it is added to without a look; null = there is no limit. */
  readonly guard: Quantity | null;
}

export const UNSAID: CounterGuard = { under: null, guard: null };

/** The counters of a group are known to be beyond their limits: what is added is overage and nothing else. */
const OVER = ' over';

export interface FreshGuards {
  readonly guards: readonly CounterGuard[];
  readonly overages: readonly Overage[];
}

/** Guards of counters that may not exist yet; null = a limit is in reach, so the counters have to be looked at. */
export function freshGuards(
  events: readonly PreparedEvent[],
  counters: readonly Sum[],
  thresholds: readonly number[],
): FreshGuards | null {
  if (events.every(({ limits }) => limits.isEmpty))
    return { guards: counters.map(() => UNSAID), overages: [] };
  const ruleOf = ruleFinder(events);
  const guards: CounterGuard[] = [];
  const over = new Map<string, LimitRule>();
  for (const counter of counters) {
    const { under, rule, reached } = ruleOf(counter);
    const guard = rule && guardOf(ZERO, rule, thresholds);
    if (reached === 'over' && rule) {
      over.set(`${counter.accountId} ${counter.meterId} ${counter.from}`, rule);
      guards.push({ under: `${under}${OVER}`, guard: rule.limit });
    } else if (reached || (guard !== null && counter.state.sum > guard)) return null;
    else guards.push({ under, guard });
  }
  return { guards, overages: over.size === 0 ? [] : overagesOf(events, over) };
}

/** Whether one more use of the event has to be looked at, as far as this process knows. */
export function isWatched({ limits, readings }: PreparedEvent): boolean {
  return limits.reached.size > 0 && readings.some(({ meter }) => limits.reached.get(meter.id) === 'watched');
}

/** Every reading of a counter that is over its limit, with all that it adds. */
function overagesOf(events: readonly PreparedEvent[], over: ReadonlyMap<string, LimitRule>): Overage[] {
  return events.flatMap(({ account, segment, readings, key }) =>
    readings.flatMap((reading) => {
      const rule = over.get(`${account.id} ${reading.meter.id} ${segment.from}`);
      if (!rule || reading.kind !== 'add' || reading.value === 0n) return [];
      return [{ account, segment, meter: reading.meter, key, quantity: reading.value, limit: rule.limit }];
    }),
  );
}

interface Found {
  readonly under: string | null;
  readonly rule: LimitRule | null;
  readonly reached: 'over' | 'watched' | undefined;
}

const NOT_LIMITED: Found = { under: null, rule: null, reached: undefined };

/** What the events of a group know about the limit of a counter; those of single dimensions have none. */
function ruleFinder(events: readonly PreparedEvent[]): (counter: Sum) => Found {
  const limits = new Map(events.map((event) => [`${event.accountId} ${event.segment.from}`, event.limits]));
  const meters = new Map(
    events.flatMap(({ readings }) => readings.map(({ meter }) => [meter.id, meter] as const)),
  );
  return ({ accountId, from, meterId, dims }) => {
    const at = limits.get(`${accountId} ${from}`)!;
    if (dims !== '' || at.isEmpty) return NOT_LIMITED;
    return { under: at.under, rule: at.ruleOf(meters.get(meterId)!), reached: at.reached.get(meterId) };
  };
}
