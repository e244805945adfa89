import { DomainError, invalid } from '../core/errors';
import { type Reading, readings, type UsageEvent } from '../core/event';
import type { Meter } from '../core/meter';
import { BUILT_IN_METERS } from '../pricing/catalogue.seed';
import { WAYBILL_METRICS } from '../usage/project-cost.service';
import { fromStoredWaybillEvent } from '../usage/waybill-event.wire';

/** A row of the original's events: what it is here, and what it teaches the meters of Waybill; or why it is nothing. */
export type JudgedEvent = { readonly id: string; readonly type: string } & (
  { readonly event: UsageEvent; readonly readings: readonly Reading[] } | { readonly reason: string }
);

interface StoredRow {
  readonly id: string;
  readonly event_type: string;
}

const METRICS: ReadonlySet<string> = new Set(WAYBILL_METRICS);
const METERS: readonly Meter[] = BUILT_IN_METERS.filter(({ key }) => METRICS.has(key)).map((meter, id) => ({
  ...meter,
  id,
}));
const METERS_BY_TYPE: ReadonlyMap<string, readonly Meter[]> = new Map(
  METERS.flatMap(({ eventTypes }) => eventTypes).map((type) => [
    type,
    METERS.filter(({ eventTypes }) => eventTypes.includes(type)),
  ]),
);

/** Reads the JSON of one row; `latest` is the last instant that an event may have happened at. */
export function judgeEvent(json: string, latest: number): JudgedEvent {
  const row = JSON.parse(json) as StoredRow;
  const { id, event_type: type } = row;
  try {
    const { kind: _kind, subject: _subject, ...event } = fromStoredWaybillEvent(row, id);
    if (event.occurredAt > latest) throw invalid('timestamp', 'lies too far in the future');
    return { id, type, event, readings: readings(event, METERS_BY_TYPE.get(type) ?? []) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { id, type, reason: error.message };
  }
}
