import fc from 'fast-check';
import { DomainError } from '../../src/core/errors';
import { formatQuantity } from '../../src/core/quantity';
import { fromCloudEvent, fromCloudEventBatch } from '../../src/usage/cloud-event.wire';
import type { RecordUsage } from '../../src/usage/event-record.commands';
import { RECORDS_MAX } from '../../src/usage/event.wire';

const plain = { specversion: '1.0', id: 'e-1', source: '/eu', type: 'api_requests', subject: 'org:acme' };

const read = (body: unknown): RecordUsage => fromCloudEvent(body).records[0] as RecordUsage;

/** The wrong fields of an event, each with its reason; fails when it is taken. */
function refusal(body: unknown): Record<string, string> {
  try {
    read(body);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return Object.fromEntries(error.fields.map(({ field, reason }) => [field, reason]));
  }
  throw new Error(`was taken: ${JSON.stringify(body)}`);
}

describe('a CloudEvent', () => {
  it('names its account as the subject', () => {
    expect(read(plain)).toEqual({
      kind: 'usage',
      id: 'e-1',
      source: '/eu',
      account: 'org:acme',
      type: 'api_requests',
      occurredAt: null,
      quantity: null,
      resource: null,
      subject: null,
      properties: null,
    });
  });

  it('carries quantity and resource in its data, and all other members as properties', () => {
    const data = { quantity: '1.5', resource: 'disk-1', region: 'eu', size: { gb: 7 } };
    const body = { ...plain, time: '1970-01-01T00:00:01Z', datacontenttype: 'application/json', data };
    expect(read(body)).toEqual({
      ...read(plain),
      occurredAt: 1_000,
      quantity: 15n * 10n ** 14n,
      resource: 'disk-1',
      properties: { region: 'eu', size: { gb: 7 } },
    });
  });

  it('turns its extensions into properties, unless the data says it better', () => {
    const extended = { ...plain, region: 'eu', shard: 7, live: true };
    expect(read(extended).properties).toEqual({ region: 'eu', shard: 7, live: true });
    expect(read({ ...extended, data: { region: 'us' } }).properties).toEqual({
      region: 'us',
      shard: 7,
      live: true,
    });
  });

  it.each<[unknown, string | null]>([
    [2, '2'],
    [1.005, '1.005'],
    [0.1, '0.1'],
    [1e-7, '0.0000001'],
    [1e21, '1000000000000000000000'],
    [5e-16, '0.000000000000001'],
    [4e-16, '0'],
    [-0, '0'],
    ['0.000000000000001', '0.000000000000001'],
    [null, null],
    [undefined, null],
  ])('reads the quantity %p as %s: a number counts as its shortest decimal', (quantity, expected) => {
    const record = read({ ...plain, data: { quantity } });
    expect(record.quantity === null ? null : formatQuantity(record.quantity)).toBe(expected);
  });

  it('may say null where it says nothing', () => {
    expect(
      read({ ...plain, time: null, data: null, dataschema: null, datacontenttype: null, region: null }),
    ).toEqual(read(plain));
    expect(read({ ...plain, data: { resource: null } }).resource).toBeNull();
    expect(refusal({ ...plain, id: null })).toEqual({ id: 'must be a text of 1 to 255 characters' });
  });

  const NAME = 'must be a text of 1 to 255 characters';

  it.each<[string, unknown, Record<string, unknown>]>([
    ['is nothing', null, { body: 'must be a CloudEvent' }],
    ['is a list', [plain], { body: 'must be a CloudEvent' }],
    ['is a text', 'event', { body: 'must be a CloudEvent' }],
    ['is empty', {}, { specversion: 'must be "1.0"', id: NAME, source: NAME, type: NAME, subject: NAME }],
    ['is of another version', { ...plain, specversion: '0.3' }, { specversion: 'must be "1.0"' }],
    ['has an empty id', { ...plain, id: '' }, { id: NAME }],
    ['has a number for an id', { ...plain, id: 7 }, { id: NAME }],
    ['has 256 characters', { ...plain, source: 'x'.repeat(256) }, { source: NAME }],
    ['has a line break', { ...plain, type: 'a\nb' }, { type: NAME }],
    ['has half a letter', { ...plain, id: '\ud83d' }, { id: NAME }],
    [
      'is about no account',
      { ...plain, subject: 'acme' },
      { subject: expect.stringMatching(/^must be scheme:value/) },
    ],
    ['has a number for a time', { ...plain, time: 1704067200 }, { time: 'must be an RFC 3339 instant' }],
    [
      'has a date for a time',
      { ...plain, time: '2024-01-01' },
      { time: expect.stringMatching(/^must be an RFC 3339/) },
    ],
    ['has 30 February', { ...plain, time: '2024-02-30T00:00:00Z' }, { time: 'has no day 30 in month 02' }],
    ['has text for data', { ...plain, data: 'eu' }, { data: 'must be a JSON object' }],
    ['has a list for data', { ...plain, data: [] }, { data: 'must be a JSON object' }],
    [
      'has bytes for data',
      { ...plain, data_base64: 'AA==' },
      { data_base64: 'is not a CloudEvents attribute' },
    ],
    ['has an object beside its data', { ...plain, tags: {} }, { tags: 'is not a CloudEvents attribute' }],
    [
      'has an extension in capitals',
      { ...plain, Region: 'eu' },
      { Region: 'is not a CloudEvents attribute' },
    ],
    [
      'has true for a quantity',
      { ...plain, data: { quantity: true } },
      { 'data.quantity': expect.any(String) },
    ],
    [
      'has prose for a quantity',
      { ...plain, data: { quantity: 'two' } },
      { 'data.quantity': expect.any(String) },
    ],
    [
      'has 16 places',
      { ...plain, data: { quantity: `0.${'0'.repeat(16)}` } },
      { 'data.quantity': expect.any(String) },
    ],
    ['has NaN', { ...plain, data: { quantity: NaN } }, { 'data.quantity': 'must be a finite number' }],
    [
      'takes away',
      { ...plain, data: { quantity: -1 } },
      { 'data.quantity': expect.stringMatching(/^must not be neg/) },
    ],
    ['takes away in words', { ...plain, data: { quantity: '-1' } }, { 'data.quantity': expect.any(String) }],
    ['has a number for a resource', { ...plain, data: { resource: 7 } }, { 'data.resource': NAME }],
    ['has an empty resource', { ...plain, data: { resource: '' } }, { 'data.resource': NAME }],
    [
      'is wrong in several ways',
      { ...plain, specversion: 1, type: null, time: 7, data: 7, 'x-y': 1 },
      {
        specversion: 'must be "1.0"',
        type: NAME,
        time: 'must be an RFC 3339 instant',
        data: 'must be a JSON object',
        'x-y': 'is not a CloudEvents attribute',
      },
    ],
  ])('that %s is refused by its fields', (_what, body, fields) => {
    expect(refusal(body)).toEqual(fields);
  });
});

describe('a batch of CloudEvents', () => {
  it('keeps the place of what cannot be read', () => {
    const { records, single } = fromCloudEventBatch([plain, { ...plain, id: 'bad', subject: 'acme' }, 7]);
    expect(single).toBe(false);
    expect(records).toEqual([
      read(plain),
      expect.objectContaining({ kind: 'unreadable', id: 'bad', source: '/eu', fields: ['subject'] }),
      { kind: 'unreadable', id: '', source: '', reason: 'body: must be a CloudEvent', fields: ['body'] },
    ]);
    expect(fromCloudEvent(plain)).toEqual({
      records: [read(plain)],
      backfill: false,
      allOrNothing: false,
      single: true,
    });
  });

  it.each<[string, unknown, string]>([
    ['no list', plain, 'body: must be an array of CloudEvents'],
    ['an empty list', [], 'body: must hold at least one event'],
    ['too long a list', Array(RECORDS_MAX + 1).fill(plain), 'body: must hold at most 10000 events'],
  ])('that is %s is refused', (_what, body, message) => {
    expect(() => fromCloudEventBatch(body)).toThrow(message);
  });
});

describe('laws of CloudEvents', () => {
  const anyMember = fc.oneof(
    fc.constantFrom(...Object.keys(plain), 'time', 'data', 'dataschema', 'datacontenttype'),
    fc.string({ maxLength: 5 }),
  );

  it('whatever JSON comes, it is an event or a refusal that names its fields', () => {
    fc.assert(
      fc.property(
        fc.dictionary(anyMember, fc.jsonValue(), { maxKeys: 3 }),
        fc.boolean(),
        (members, isSound) => {
          try {
            const { id, source, quantity } = read(isSound ? { ...plain, ...members } : members);
            expect([id, source].every((name) => name.length > 0)).toBe(true);
            expect(quantity === null || quantity >= 0n).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(DomainError);
            expect((error as DomainError).fields.length).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('all of the data is kept', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
        const { quantity: _quantity, resource: _resource, ...rest } = data;
        expect(read({ ...plain, data: rest }).properties ?? {}).toEqual(rest);
      }),
    );
  });
});
