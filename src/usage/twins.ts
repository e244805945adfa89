import type { Outcome } from './careful-commit.service';
import type { PreparedEvent } from './ingest.repository';
import { asStored, differingFields } from './stored-event.wire';

/** The events of a batch in the order of their keys, each name once; whoever bears a name again is a twin. */
export function inKeyOrder(events: readonly PreparedEvent[]): {
  distinct: PreparedEvent[];
  twins: PreparedEvent[];
} {
  const distinct = new Map<string, PreparedEvent>();
  const twins: PreparedEvent[] = [];
  for (const event of events) {
    const identity = identityOf(event);
    if (distinct.has(identity)) twins.push(event);
    else distinct.set(identity, event);
  }
  const sorted = [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, event]) => event);
  return { distinct: sorted, twins };
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
