import fc from 'fast-check';
import { DomainError } from '../../src/core/errors';
import { formatQuantity } from '../../src/core/quantity';
import type { RecordUsage } from '../../src/usage/event-record.commands';
import { RECORDS_MAX } from '../../src/usage/event.wire';
import { fromWaybillBatch, fromWaybillEvent } from '../../src/usage/waybill-event.wire';

const PROJECT = '0f8fad5b-d9cb-469f-a165-70867728950e';
const RESOURCE = '7c9e6679-7425-40de-944b-e07fc1f90ae7';

const plain = {
  event_type: 'build.started',
  project_id: PROJECT,
  resource_type: 'build',
  resource_id: RESOURCE,
  metrics: {},
};
const newId = (): string => 'made-here';

const read = (body: unknown): RecordUsage => fromWaybillEvent(body, newId).records[0] as RecordUsage;

/** The wrong fields, each with its reason; fails when nothing is refused. */
function refusalOf(reading: () => unknown): Record<string, string> {
  try {
    reading();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error.code).toBe('invalid-argument');
    return Object.fromEntries(error.fields.map(({ field, reason }) => [field, reason]));
  }
  throw new Error('was taken');
}

describe("Waybill's event", () => {
  it('is usage of a project, by a resource', () => {
    expect(read(plain)).toEqual({
      kind: 'usage',
      id: 'made-here',
      source: 'waybill',
      account: `project:${PROJECT}`,
      type: 'build.started',
      occurredAt: null,
      quantity: null,
      resource: RESOURCE,
      subject: null,
      properties: { resource_type: 'build', metrics: {} },
    });
  });

  it('keeps what else it says, and ignores what it does not know', () => {
    const body = {
      ...plain,
      team_id: RESOURCE,
      resource_name: 'api',
      metadata: { branch: 'main' },
      metrics: { cpu: 1.5 },
      timestamp: '1970-01-01T00:00:01Z',
      idempotency_key: 'k-1',
      colour: 'red',
    };
    expect(read(body)).toEqual({
      ...read(plain),
      id: 'k-1',
      occurredAt: 1_000,
      properties: {
        resource_type: 'build',
        metrics: { cpu: 1.5 },
        team_id: RESOURCE,
        resource_name: 'api',
        metadata: { branch: 'main' },
      },
    });
  });

  it('may say null, or nothing between quotes, for what it does not say', () => {
    const empty = {
      team_id: null,
      resource_name: null,
      metadata: null,
      timestamp: null,
      idempotency_key: null,
    };
    expect(read({ ...plain, ...empty })).toEqual(read(plain));
    expect(read({ ...plain, resource_name: '', timestamp: '', idempotency_key: '' })).toEqual(read(plain));
  });

  it.each<[string, Record<string, number>, string | null]>([
    ['deployment.started', { replicas: 2, cpu_millicores: 500, memory_mb: 512 }, '1'],
    ['deployment.scaled', { replicas: 3, cpu_millicores: 500, memory_mb: 2048 }, '6'],
    ['deployment.started', { replicas: 0, cpu_millicores: 4000, memory_mb: 8192 }, '0'],
    ['deployment.snapshot', { replicas: 2, cpu_millicores: 2000, memory_mb: 1024 }, '4'],
    ['deployment.snapshot', { replicas: 0, cpu_millicores: 2000, memory_mb: 1024 }, '0'],
    ['deployment.stopped', {}, '0'],
    ['build.started', {}, null],
    ['build.failed', { duration_seconds: 60 }, null],
    ['build.completed', { duration_seconds: 1.005 }, '1.005'],
    ['volume.created', { size_gb: 10 }, '10'],
    ['volume.resized', { size_gb: 0.5 }, '0.5'],
    ['volume.snapshot', { size_gb: 20 }, '20'],
    ['volume.deleted', { size_gb: 10 }, '0'],
    ['bandwidth.usage', { egress_gb: 0 }, '0'],
    ['domain.added', {}, '1'],
    ['domain.removed', {}, '0'],
  ])('%s with %j measures %s', (event_type, metrics, expected) => {
    const { quantity } = read({ ...plain, event_type, metrics });
    expect(quantity === null ? null : formatQuantity(quantity)).toBe(expected);
  });
});

describe("Waybill's event that is refused (TR-17)", () => {
  const some = expect.any(String) as string;

  it.each<[string, unknown, Record<string, string>]>([
    [
      'of an unknown type',
      { ...plain, event_type: 'build.paused' },
      { event_type: 'is not a known event type' },
    ],
    ['of an empty type', { ...plain, event_type: '' }, { event_type: 'is not a known event type' }],
    [
      "of a name of every object's",
      { ...plain, event_type: 'constructor' },
      { event_type: 'is not a known event type' },
    ],
    ['without a type', { ...plain, event_type: undefined }, { event_type: some }],
    ['without metrics', { ...plain, metrics: undefined }, { metrics: some }],
    ['with null for metrics', { ...plain, metrics: null }, { metrics: some }],
    ['with a list of metrics', { ...plain, metrics: [] }, { metrics: some }],
    ['with words for a number', { ...plain, metrics: { cpu: '1' } }, { 'metrics.cpu': some }],
    ['with null for a number', { ...plain, metrics: { cpu: null } }, { 'metrics.cpu': some }],
    ['with NaN', { ...plain, metrics: { cpu: NaN } }, { 'metrics.cpu': some }],
    ['with infinity', { ...plain, metrics: { cpu: Infinity } }, { 'metrics.cpu': some }],
    ['below zero', { ...plain, metrics: { cpu: -1 } }, { 'metrics.cpu': 'must not be negative' }],
    ['without a resource type', { ...plain, resource_type: '' }, { resource_type: some }],
    ['with 51 characters', { ...plain, resource_type: 'x'.repeat(51) }, { resource_type: some }],
    [
      'with a control character',
      { ...plain, resource_name: 'a\u0000b' },
      { resource_name: 'must not hold control characters' },
    ],
    ['with a number for a key', { ...plain, idempotency_key: 7 }, { idempotency_key: some }],
    [
      'with a key of 256 characters',
      { ...plain, idempotency_key: 'k'.repeat(256) },
      { idempotency_key: some },
    ],
    ['with numbers for metadata', { ...plain, metadata: { shard: 7 } }, { 'metadata.shard': some }],
    ['with a date', { ...plain, timestamp: '2024-01-01' }, { timestamp: some }],
    [
      'with 30 February',
      { ...plain, timestamp: '2024-02-30T00:00:00Z' },
      { timestamp: 'has no day 30 in month 02' },
    ],
    ['that is a text', 'event', { body: some }],
    ['that is null', null, { body: some }],
    ['that is a list', [plain], { body: some }],
    [
      'in several ways',
      { ...plain, event_type: 'x', project_id: 'x', metrics: { cpu: -1 } },
      { event_type: some, project_id: some, 'metrics.cpu': some },
    ],
  ])('%s names its fields', (_what, body, fields) => {
    expect(refusalOf(() => read(body))).toEqual(fields);
  });

  it.each([
    ['deployment.started', ['replicas', 'cpu_millicores', 'memory_mb']],
    ['deployment.scaled', ['replicas', 'cpu_millicores', 'memory_mb']],
    ['deployment.snapshot', ['replicas', 'cpu_millicores', 'memory_mb']],
    ['build.completed', ['duration_seconds']],
    ['volume.snapshot', ['size_gb']],
    ['volume.created', ['size_gb']],
    ['volume.resized', ['size_gb']],
    ['bandwidth.usage', ['egress_gb']],
  ])('%s needs each of %j', (event_type, needed) => {
    const all = Object.fromEntries(needed.map((name) => [name, 1]));
    expect(() => read({ ...plain, event_type, metrics: all })).not.toThrow();
    for (const name of needed) {
      const { [name]: _gone, ...metrics } = all;
      expect(refusalOf(() => read({ ...plain, event_type, metrics }))).toEqual({
        [`metrics.${name}`]: `is required for ${event_type}`,
      });
    }
  });
});

describe("Waybill's batch", () => {
  it('is all or nothing, and may be empty', () => {
    expect(fromWaybillBatch({ events: [plain, plain] }, newId)).toEqual({
      records: [read(plain), read(plain)],
      backfill: false,
      allOrNothing: true,
    });
    expect(fromWaybillBatch({ events: [] }, newId).records).toEqual([]);
  });

  it('gives every event without a key a name of its own', () => {
    let made = 0;
    const { records } = fromWaybillBatch(
      { events: [plain, { ...plain, idempotency_key: 'k' }, plain] },
      () => `id-${++made}`,
    );
    expect(records.map(({ id }) => id)).toEqual(['id-1', 'k', 'id-2']);
  });

  it.each<[string, unknown, Record<string, unknown>]>([
    ['W-47: without events', {}, { events: 'must be a list of events' }],
    ['that is null', null, { events: 'must be a list of events' }],
    ['with an object of events', { events: {} }, { events: 'must be a list of events' }],
    ['that is too long', { events: Array(RECORDS_MAX + 1) }, { events: 'must hold at most 10000 events' }],
    ['W-49: with a null element', { events: [plain, null] }, { 'events[1].body': expect.any(String) }],
    [
      'W-50: whose second element lacks its type',
      { events: [plain, { ...plain, event_type: undefined }, plain] },
      { 'events[1].event_type': expect.any(String) },
    ],
    [
      'whose third lacks a metric',
      { events: [plain, plain, { ...plain, event_type: 'volume.created' }] },
      { 'events[2].metrics.size_gb': 'is required for volume.created' },
    ],
  ])('%s is refused by its index', (_what, body, fields) => {
    expect(refusalOf(() => fromWaybillBatch(body, newId))).toEqual(fields);
  });

  it('says the index first', () => {
    expect(() => fromWaybillBatch({ events: [plain, 7] }, newId)).toThrow(/^events\[1\]: body: /);
  });
});

describe("laws of Waybill's events", () => {
  it('whatever JSON comes, it is an event or a refusal that names its fields', () => {
    const anyMember = fc.oneof(fc.constantFrom(...Object.keys(plain), 'timestamp', 'metadata'), fc.string());
    fc.assert(
      fc.property(fc.dictionary(anyMember, fc.jsonValue(), { maxKeys: 2 }), (members) => {
        try {
          expect(read({ ...plain, ...members }).source).toBe('waybill');
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          expect((error as DomainError).fields.length).toBeGreaterThan(0);
        }
      }),
    );
  });
});
