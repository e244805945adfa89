import { parseAccountKey } from '../core/account-key';
import { invalid } from '../core/errors';
import type { Properties, PropertyValue } from '../core/event';
import { checkInstant } from '../core/instant';
import { parseQuantity } from '../core/quantity';
import type { Struct, Value } from '../generated/google/protobuf/struct';
import {
  type Event,
  EventKind,
  type RecordEventsRequest,
  type RecordEventsResponse,
  VerdictStatus,
} from '../generated/metering/v1/metering';
import type { EventRecord, RecordEvents, UnreadableRecord, Verdict } from './event-record.commands';
import { checkCount, isReason, unreadable } from './event.wire';

const NAME = /^[^\p{Cc}\p{Cs}]{1,255}$/u;
const STRUCT_DEPTH_MAX = 32;

/** A batch over gRPC; what cannot be read keeps its place with its reason. */
export function fromGrpcEvents(request: RecordEventsRequest): RecordEvents {
  checkCount(request.events.length, 'events');
  return { records: request.events.map(recordOrReason), backfill: request.backfill, allOrNothing: false };
}

function recordOrReason(event: Event): EventRecord | UnreadableRecord {
  try {
    return recordOf(event);
  } catch (error) {
    return unreadable(event, error);
  }
}

function recordOf(event: Event): EventRecord {
  const account = parseAccountKey(event.account);
  const id = name(event.id, 'id');
  const source = event.source === '' ? '' : name(event.source, 'source');
  const properties = event.properties === null ? null : structOf(event.properties, 1);
  const quantity =
    event.quantity === undefined || event.quantity === null ? null : parseQuantity(event.quantity);
  if (quantity !== null && quantity < 0n) {
    throw invalid('quantity', 'must not be negative: correct usage by voiding or amending it');
  }
  if (event.kind !== EventKind.EVENT_KIND_UNSPECIFIED) {
    const kind = kindOf(event.kind);
    const { target } = event;
    if (target === null) throw invalid('target', `must name the event to ${kind}`);
    const named = { source: target.source || source, id: name(target.id, 'target.id') };
    return {
      kind,
      account,
      source,
      id,
      target: named,
      quantity,
      properties,
      reason: reasonOf(event),
    };
  }
  if (event.target !== null) throw invalid('target', 'belongs to a void or an amend');
  return {
    kind: 'usage',
    account,
    source,
    id,
    type: name(event.type, 'type'),
    occurredAt: instantOf(event.occurredAt),
    quantity,
    resource: event.resource === '' ? null : name(event.resource, 'resource'),
    subject: subjectOf(event),
    properties,
  };
}

function kindOf(kind: EventKind): 'void' | 'amend' {
  if (kind === EventKind.EVENT_KIND_VOID) return 'void';
  if (kind === EventKind.EVENT_KIND_AMEND) return 'amend';
  throw invalid('kind', 'is not a known kind of event');
}

function name(text: string, field: string): string {
  if (!NAME.test(text))
    throw invalid(field, 'must be a text of 1 to 255 characters without control characters');
  return text;
}

function reasonOf({ reason }: Event): string {
  if (isReason(reason)) return reason;
  throw invalid('reason', 'must be a text of at most 1,000 characters without control characters');
}

function subjectOf({ subject }: Event): { id: string; attributes: Properties } | null {
  if (subject === null) return null;
  const attributes = Object.entries(subject.attributes);
  if (attributes.length > 50 || attributes.some(([key, value]) => key.length > 100 || value.length > 2_000)) {
    throw invalid('subject.attributes', 'must be at most 50 texts of at most 2,000 characters');
  }
  return { id: name(subject.id, 'subject.id'), attributes: subject.attributes };
}

/** Seconds arrive as the text of an int64; nanoseconds are cut to milliseconds. */
function instantOf(at: Event['occurredAt']): number | null {
  if (at === null) return null;
  if (at.nanos < 0 || at.nanos > 999_999_999) throw invalid('occurred_at', 'must lie between 1970 and 9999');
  const milliseconds = parseInt(String(at.nanos).padStart(9, '0').slice(0, 3), 10);
  return checkInstant(parseInt(`${at.seconds}000`, 10) + milliseconds, 'occurred_at');
}

/** A struct as properties; `depth` is that of its fields. Throws `invalid-argument` for what no event may carry. */
export function structOf({ fields }: Struct, depth: number): Properties {
  if (depth > STRUCT_DEPTH_MAX)
    throw invalid('properties', `must not be nested deeper than ${STRUCT_DEPTH_MAX} levels`);
  const properties: Record<string, PropertyValue> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (key === '__proto__') throw invalid('properties', 'must not name a prototype');
    properties[key] = valueOf(value, depth);
  }
  return properties;
}

function valueOf(value: Value, depth: number): PropertyValue {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.numberValue !== undefined) return finite(value.numberValue);
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.structValue) return structOf(value.structValue, depth + 1);
  if (value.listValue) {
    if (depth >= STRUCT_DEPTH_MAX)
      throw invalid('properties', `must not be nested deeper than ${STRUCT_DEPTH_MAX} levels`);
    return value.listValue.values.map((item) => valueOf(item, depth + 1));
  }
  return null;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw invalid('properties', 'must hold finite numbers');
  return value;
}

const STATUS: Record<Verdict['status'], VerdictStatus> = {
  recorded: VerdictStatus.VERDICT_STATUS_RECORDED,
  duplicate: VerdictStatus.VERDICT_STATUS_DUPLICATE,
  conflict: VerdictStatus.VERDICT_STATUS_CONFLICT,
  refused: VerdictStatus.VERDICT_STATUS_REFUSED,
};

/** The answer to one batch. */
export function toGrpcVerdicts(verdicts: readonly Verdict[], batchId: string): RecordEventsResponse {
  return {
    batchId,
    verdicts: verdicts.map(({ id, source, status, reason, fields }) => ({
      id,
      source,
      status: STATUS[status],
      reason: reason ?? '',
      fields: [...(fields ?? [])],
    })),
  };
}
