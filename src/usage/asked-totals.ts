import { type Quantity, ZERO, quantity } from '../core/quantity';
import type { Ask, PreparedEvent } from './prepared-event';

/** A running total that the sender of one event wants to hear. */
export interface Asked {
  readonly event: PreparedEvent;
  readonly ask: Ask;
  /** What later events of the group add to the same counter. */
  readonly later: Quantity;
  readonly limit: Quantity | null;
  readonly isDistinct: boolean;
}

/** The totals a group is asked for. Its events count in their order, so the total of one leaves out those after it. */
export function askedTotals(events: readonly PreparedEvent[]): Asked[] {
  if (events.every(({ ask }) => ask === null)) return [];
  const later = new Map<string, Quantity>();
  const asked: Asked[] = [];
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i]!;
    const total = event.ask && totalOf(event, event.ask);
    if (total) asked.push({ ...total, later: later.get(nameOf(event, total.ask)) ?? ZERO });
    for (const reading of event.readings) {
      if (reading.kind !== 'add') continue;
      const dims = reading.dims === '' ? [''] : ['', reading.dims];
      for (const each of dims) {
        const name = nameOf(event, { meterId: reading.meter.id, dims: each });
        later.set(name, quantity((later.get(name) ?? ZERO) + reading.value));
      }
    }
  }
  return asked.reverse();
}

function totalOf(event: PreparedEvent, ask: Ask): Omit<Asked, 'later'> | null {
  const reading = event.readings.find(({ meter }) => meter.id === ask.meterId);
  if (!reading) return null;
  const rule = ask.dims === '' ? event.limits.ruleOf(reading.meter) : null;
  return { event, ask, limit: rule?.limit ?? null, isDistinct: reading.kind === 'value' };
}

function nameOf({ accountId, segment }: PreparedEvent, { meterId, dims }: Ask): string {
  return `${accountId} ${meterId} ${segment.from} ${dims}`;
}
