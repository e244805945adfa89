import type { StoredEvent } from './ingest.repository';
import type { PreparedEvent } from './prepared-event';
import { parseQuantity } from '../core/quantity';

/**
 * Names the fields in which an event differs from the stored one of the same id. An id taken by a void or amend has
 * no stored event: then the kind itself differs. Properties are compared name by name.
 */
export function differingFields(sent: PreparedEvent, stored: StoredEvent | undefined): string[] {
  if (stored === undefined) return ['kind'];
  const fields: string[] = [];
  if (sent.type !== stored.type) fields.push('type');
  if (sent.occurredAtSent !== null && sent.occurredAtSent !== stored.occurred_at.getTime())
    fields.push('occurred_at');
  if (!sameQuantity(sent.quantity, stored.quantity)) fields.push('quantity');
  if (sent.resource !== stored.resource) fields.push('resource');
  if (sent.subject !== stored.subject) fields.push('subject');
  fields.push(...differingProperties(sent.properties, stored.properties));
  return fields.length > 0 ? fields : ['occurred_at'];
}

/** An event as it will be stored, for a comparison with another of its name before that. */
export function asStored({ at, eventId, properties, ...event }: PreparedEvent): StoredEvent {
  const { type, source, quantity, resource, subject } = event;
  return {
    type,
    source,
    event_id: eventId,
    occurred_at: new Date(at),
    quantity,
    resource,
    subject,
    properties: properties === null ? null : (JSON.parse(properties) as Record<string, unknown>),
    used_after: null,
    limit_then: null,
  };
}

function sameQuantity(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return a === b;
  return parseQuantity(a) === parseQuantity(b);
}

function differingProperties(sentText: string | null, stored: Record<string, unknown> | null): string[] {
  const sent = sentText === null ? {} : (JSON.parse(sentText) as Record<string, unknown>);
  const names = new Set([...Object.keys(sent), ...Object.keys(stored ?? {})]);
  return [...names]
    .filter((name) => JSON.stringify(sent[name]) !== JSON.stringify(stored?.[name]))
    .map((name) => `properties.${name}`);
}
