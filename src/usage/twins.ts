import type { Outcome } from './outcome';
import type { PreparedEvent } from './prepared-event';
import { asStored, differingFields } from './stored-event.wire';

/**
 * The events of a batch in the order of their keys, each name once; whoever bears a name again is a twin, in the order sent.
 * Sorting is stable, so the first of a name stays the first of its neighbours.
 */
export function inKeyOrder(events: readonly PreparedEvent[]): {
  distinct: PreparedEvent[];
  twins: PreparedEvent[];
} {
  const distinct: PreparedEvent[] = [];
  const repeated = new Set<PreparedEvent>();
  for (const event of [...events].sort(byName)) {
    const last = distinct.at(-1);
    if (last !== undefined && byName(last, event) === 0) repeated.add(event);
    else distinct.push(event);
  }
  return { distinct, twins: repeated.size === 0 ? [] : events.filter((event) => repeated.has(event)) };
}

function byName(a: PreparedEvent, b: PreparedEvent): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.accountId - b.accountId;
}

/** The first twin that contradicts the first of its name, and how; all or nothing must know it before anything is stored. */
export function clashOf(
  distinct: readonly PreparedEvent[],
  twins: readonly PreparedEvent[],
): { event: PreparedEvent; outcome: Outcome } | null {
  const firsts = new Map(distinct.map((event) => [identityOf(event), event]));
  for (const event of twins) {
    const first = firsts.get(identityOf(event))!;
    if (first.content === event.content) continue;
    return { event, outcome: { status: 'conflict', fields: differingFields(event, asStored(first)) } };
  }
  return null;
}

function identityOf({ key, accountId }: PreparedEvent): string {
  return `${key} ${accountId}`;
}
