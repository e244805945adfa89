import { parseAccountKey } from '../core/account-key';
import { DomainError, type FieldError, invalid } from '../core/errors';
import { type Properties, type PropertyValue } from '../core/event';
import { parseInstant } from '../core/instant';
import { parseQuantity, quantityFromDouble, type Quantity } from '../core/quantity';
import type { EventRecord, RecordEvents, UnreadableRecord } from './event-record.commands';
import { checkCount, unreadable } from './event.wire';

const ATTRIBUTES = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'dataschema',
  'data',
]);
const EXTENSION = /^[a-z0-9]{1,40}$/;
const NAME = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/** One CloudEvent in structured mode. */
export function fromCloudEvent(body: unknown): RecordEvents & { readonly single: boolean } {
  return { records: [recordOf(body)], backfill: false, allOrNothing: false, single: true };
}

/** A CloudEvents batch: a JSON array; what cannot be read keeps its place with its reason. */
export function fromCloudEventBatch(body: unknown): RecordEvents & { readonly single: boolean } {
  if (!Array.isArray(body)) throw invalid('body', 'must be an array of CloudEvents');
  checkCount(body.length, 'body');
  return { records: body.map(recordOrReason), backfill: false, allOrNothing: false, single: false };
}

function recordOrReason(body: unknown): EventRecord | UnreadableRecord {
  try {
    return recordOf(body);
  } catch (error) {
    return unreadable(body, error);
  }
}

/**
 * `subject` names the account, `data` holds the properties; `data.quantity` and `data.resource` are the event's own
 * quantity and resource. Extension attributes become properties. Numbers are doubles: their shortest decimal counts.
 */
function recordOf(body: unknown): EventRecord {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('body', 'must be a CloudEvent');
  // The JSON format of CloudEvents lets a null stand for whatever was not set.
  const event: Record<string, unknown> = Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== null),
  );
  const wrong = wrongAttributes(event);
  const [first] = wrong;
  if (first) throw new DomainError('invalid-argument', `${first.field}: ${first.reason}`, wrong);
  const data = (event['data'] ?? {}) as Record<string, PropertyValue>;
  const { quantity, resource, ...rest } = data;
  const properties: Properties = { ...extensions(event), ...rest };
  return {
    kind: 'usage',
    id: event['id'] as string,
    source: event['source'] as string,
    account: parseAccountKey(event['subject'] as string, 'subject'),
    type: event['type'] as string,
    occurredAt: event['time'] === undefined ? null : parseInstant(event['time'] as string, 'time'),
    quantity: quantityOf(quantity),
    resource: resourceOf(resource),
    subject: null,
    properties: Object.keys(properties).length > 0 ? properties : null,
  };
}

function wrongAttributes(event: Record<string, unknown>): FieldError[] {
  const wrong: FieldError[] = [];
  if (event['specversion'] !== '1.0') wrong.push({ field: 'specversion', reason: 'must be "1.0"' });
  for (const field of ['id', 'source', 'type', 'subject']) {
    const value = event[field];
    if (typeof value !== 'string' || !NAME.test(value))
      wrong.push({ field, reason: 'must be a text of 1 to 255 characters' });
  }
  if (event['time'] !== undefined && typeof event['time'] !== 'string') {
    wrong.push({ field: 'time', reason: 'must be an RFC 3339 instant' });
  }
  const data = event['data'];
  if (data !== undefined && (typeof data !== 'object' || Array.isArray(data))) {
    wrong.push({ field: 'data', reason: 'must be a JSON object' });
  }
  for (const [field, value] of Object.entries(event)) {
    if (ATTRIBUTES.has(field)) continue;
    const scalar = ['string', 'number', 'boolean'].includes(typeof value);
    if (!EXTENSION.test(field) || !scalar)
      wrong.push({ field: field.slice(0, 100), reason: 'is not a CloudEvents attribute' });
  }
  return wrong;
}

function extensions(event: Record<string, unknown>): Properties {
  const found = Object.entries(event).filter(([name]) => !ATTRIBUTES.has(name));
  return Object.fromEntries(found) as Properties;
}

function quantityOf(value: PropertyValue | undefined): Quantity | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return notNegative(quantityFromDouble(value, 'data.quantity'));
  if (typeof value === 'string') return notNegative(parseQuantity(value, 'data.quantity'));
  throw invalid('data.quantity', 'must be a number or a decimal string');
}

function notNegative(value: Quantity): Quantity {
  if (value < 0n)
    throw invalid('data.quantity', 'must not be negative: correct usage by voiding or amending it');
  return value;
}

function resourceOf(value: PropertyValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw invalid('data.resource', 'must be a text of 1 to 255 characters');
}
