import { z } from 'zod';
import { parseAccountKey } from '../core/account-key';
import { DomainError, invalid } from '../core/errors';
import { type Properties, type PropertyValue } from '../core/event';
import { parseInstant } from '../core/instant';
import { type Quantity, ONE, ZERO, quantityFromDouble } from '../core/quantity';
import { plainUuid } from '../core/uuid';
import { gbEquivalents } from '../core/workload';
import type { RecordEvents, RecordUsage } from './event-record.commands';
import { RECORDS_MAX } from './event.wire';

const SOURCE = 'waybill';

type Metrics = Readonly<Record<string, number>>;

/**
 * What each event type of Waybill must carry (TR-17) and what it says about its resource, in base units. A snapshot is the
 * whole level, told again and again by whoever compares: it holds from its time on, whatever was told before.
 */
const EVENT_TYPES: Readonly<
  Record<string, { required: readonly string[]; quantity: (metrics: Metrics) => Quantity | null }>
> = {
  'deployment.started': { required: ['replicas', 'cpu_millicores', 'memory_mb'], quantity: deployed },
  'deployment.scaled': { required: ['replicas', 'cpu_millicores', 'memory_mb'], quantity: deployed },
  'deployment.snapshot': { required: ['replicas', 'cpu_millicores', 'memory_mb'], quantity: deployed },
  'deployment.stopped': { required: [], quantity: () => ZERO },
  'build.started': { required: [], quantity: () => null },
  'build.failed': { required: [], quantity: () => null },
  'build.completed': {
    required: ['duration_seconds'],
    quantity: (metrics) => metric(metrics, 'duration_seconds'),
  },
  'volume.created': { required: ['size_gb'], quantity: (metrics) => metric(metrics, 'size_gb') },
  'volume.resized': { required: ['size_gb'], quantity: (metrics) => metric(metrics, 'size_gb') },
  'volume.snapshot': { required: ['size_gb'], quantity: (metrics) => metric(metrics, 'size_gb') },
  'volume.deleted': { required: [], quantity: () => ZERO },
  'bandwidth.usage': { required: ['egress_gb'], quantity: (metrics) => metric(metrics, 'egress_gb') },
  'domain.added': { required: [], quantity: () => ONE },
  'domain.removed': { required: [], quantity: () => ZERO },
};

function deployed(metrics: Metrics): Quantity {
  const { replicas = 0, cpu_millicores: cpuMillicores = 0, memory_mb: memoryMb = 0 } = metrics;
  return gbEquivalents({ replicas, cpuMillicores, memoryMb });
}

function metric(metrics: Metrics, name: string): Quantity {
  return quantityFromDouble(metrics[name] ?? 0, `metrics.${name}`);
}

const NIL = '00000000-0000-0000-0000-000000000000';

/** The four usual spellings of a uuid, read into the plain one; the nil uuid is no name. */
const Uuid = z.string().transform((text, context) => {
  const plain = plainUuid(text);
  if (plain === null || plain === NIL) {
    context.addIssue({ code: 'custom', message: 'must be a uuid other than nil' });
    return z.NEVER;
  }
  return plain;
});

const Text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters');

/** Waybill's event object; fields it does not know are ignored, as its clients are used to. */
export const WaybillEvent = z.object({
  event_type: z
    .string()
    .refine((type) => Object.hasOwn(EVENT_TYPES, type), 'is not a known event type')
    .meta({ enum: Object.keys(EVENT_TYPES) }),
  project_id: Uuid,
  team_id: Uuid.nullish(),
  resource_type: Text(50).min(1),
  resource_id: Uuid,
  resource_name: Text(255).nullish(),
  metrics: z.record(z.string().max(100), z.number().nonnegative('must not be negative')),
  metadata: z.record(z.string().max(100), z.string().max(4_000)).nullish(),
  timestamp: z.string().max(40).nullish(),
  idempotency_key: Text(255).nullish(),
});
export type WaybillEvent = z.infer<typeof WaybillEvent>;

/** `POST /internal/events`. `newId` names an event that carries no key, so that two of them are two. */
export function fromWaybillEvent(body: unknown, newId: () => string): RecordEvents {
  return { records: [recordOf(body, newId)], backfill: false, allOrNothing: true };
}

/** `POST /internal/events/batch`: all or nothing, the first bad element named by its index. */
export function fromWaybillBatch(body: unknown, newId: () => string): RecordEvents {
  if (typeof body !== 'object' || body === null || !('events' in body) || !Array.isArray(body.events)) {
    throw invalid('events', 'must be a list of events');
  }
  if (body.events.length > RECORDS_MAX) throw invalid('events', `must hold at most ${RECORDS_MAX} events`);
  const records = body.events.map((event, index) => atIndex(index, () => recordOf(event, newId)));
  return { records, backfill: false, allOrNothing: true };
}

/**
 * An event as the original keeps it, read like one of the door. `id` names it where it carries no key of its own, so that it
 * is the same one however often it is read. Throws `invalid-argument`, also where it does not say when it happened.
 */
export function fromStoredWaybillEvent(
  row: unknown,
  id: string,
): RecordUsage & { readonly occurredAt: number } {
  const record = recordOf(row, () => id);
  if (record.occurredAt === null) throw invalid('timestamp', 'is missing');
  return { ...record, occurredAt: record.occurredAt };
}

function atIndex<T>(index: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const fields = error.fields.map(({ field, reason }) => ({ field: `events[${index}].${field}`, reason }));
    throw new DomainError(error.code, `events[${index}]: ${error.message}`, fields);
  }
}

function recordOf(body: unknown, newId: () => string): RecordUsage {
  const parsed = WaybillEvent.safeParse(body);
  if (!parsed.success) throw wrongFields(parsed.error);
  const event = parsed.data;
  const rule = EVENT_TYPES[event.event_type]!;
  const missing = rule.required.filter((name) => event.metrics[name] === undefined);
  if (missing.length > 0) throw invalid(`metrics.${missing[0]}`, `is required for ${event.event_type}`);
  return {
    kind: 'usage',
    account: parseAccountKey(`project:${event.project_id}`),
    source: SOURCE,
    id: event.idempotency_key || newId(),
    type: event.event_type,
    occurredAt: event.timestamp ? parseInstant(event.timestamp, 'timestamp') : null,
    quantity: rule.quantity(event.metrics),
    resource: event.resource_id,
    subject: null,
    properties: propertiesOf(event),
  };
}

function propertiesOf(event: WaybillEvent): Properties {
  const properties: Record<string, PropertyValue> = {
    resource_type: event.resource_type,
    metrics: event.metrics,
  };
  if (event.team_id) properties['team_id'] = event.team_id;
  if (event.resource_name) properties['resource_name'] = event.resource_name;
  if (event.metadata) properties['metadata'] = event.metadata;
  return properties;
}

function wrongFields(error: z.ZodError): DomainError {
  const fields = error.issues
    .slice(0, 50)
    .map((issue) => ({ field: issue.path.join('.') || 'body', reason: issue.message }));
  const first = fields[0]!;
  return new DomainError('invalid-argument', `${first.field}: ${first.reason}`, fields);
}
