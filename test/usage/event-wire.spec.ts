import fc from 'fast-check';
import { DomainError } from '../../src/core/errors';
import { formatQuantity } from '../../src/core/quantity';
import type { RecordUsage } from '../../src/usage/event-record.commands';
import { EventBody, fromEventBody, isEventBody } from '../../src/usage/event.wire';
import { anyEventBody } from './any-event-body';

const plain = { id: 'e-1', account: 'org:acme', type: 'api_requests' };
const correction = { id: 'c-1', account: 'org:acme', target: { id: 'e-1' } };

/** The wrong fields of a body, each with its reason; fails when it is taken. */
function refusal(body: unknown): Record<string, string> {
  try {
    fromEventBody(body);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error.code).toBe('invalid-argument');
    return Object.fromEntries(error.fields.map(({ field, reason }) => [field, reason]));
  }
  throw new Error(`was taken: ${JSON.stringify(body)}`);
}

describe('a record', () => {
  it('of usage needs an id, an account and a type; all else has a meaning when it is left out', () => {
    expect(fromEventBody(plain)).toEqual({
      kind: 'usage',
      id: 'e-1',
      source: '',
      account: 'org:acme',
      type: 'api_requests',
      occurredAt: null,
      quantity: null,
      resource: null,
      subject: null,
      properties: null,
    });
  });

  it('of usage may say more', () => {
    const body = {
      ...plain,
      kind: 'usage',
      source: 'eu-west',
      occurred_at: '1970-01-01T00:00:01.5Z',
      quantity: '1.50',
      resource: 'disk-1',
      subject: { id: 'ann', attributes: { email: 'ann@example.org' } },
      properties: { region: 'eu', size: { gb: 7 } },
    };
    expect(fromEventBody(body)).toEqual({
      ...fromEventBody(plain),
      source: 'eu-west',
      occurredAt: 1_500,
      quantity: 15n * 10n ** 14n,
      resource: 'disk-1',
      subject: { id: 'ann', attributes: { email: 'ann@example.org' } },
      properties: { region: 'eu', size: { gb: 7 } },
    });
    expect(fromEventBody({ ...plain, subject: { id: 'ann' } })).toMatchObject({
      subject: { id: 'ann', attributes: {} },
    });
  });

  it('of a void names what it takes back', () => {
    expect(fromEventBody({ ...correction, kind: 'void', source: 'eu', reason: 'sent by mistake' })).toEqual({
      kind: 'void',
      id: 'c-1',
      source: 'eu',
      account: 'org:acme',
      target: { source: 'eu', id: 'e-1' },
      quantity: null,
      properties: null,
      reason: 'sent by mistake',
    });
  });

  it('of an amend carries the new measure, and may name a target of another source', () => {
    const target = { id: 'e-1', source: 'us' };
    const body = {
      ...correction,
      kind: 'amend',
      source: 'eu',
      target,
      quantity: '3',
      properties: { region: 'us' },
    };
    expect(fromEventBody(body)).toMatchObject({
      kind: 'amend',
      target: { source: 'us', id: 'e-1' },
      quantity: 3n * 10n ** 15n,
      properties: { region: 'us' },
      reason: '',
    });
    expect(fromEventBody({ ...body, target: { id: 'e-1', source: '' } })).toMatchObject({
      target: { source: '' },
    });
  });

  it.each(['', 'two\nlines\tand a tab', '🙂'.repeat(1_000)])('of a void keeps the reason %j', (reason) => {
    expect(fromEventBody({ ...correction, kind: 'void', reason })).toMatchObject({ reason });
  });

  it.each<[unknown, string]>([
    ['2', '2'],
    ['007.10', '7.1'],
    ['0.000000000000001', '0.000000000000001'],
    ['-0', '0'],
    [2, '2'],
    [0, '0'],
    [1e15, '1000000000000000'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ])('reads the quantity %j as %s', (quantity, expected) => {
    const record = fromEventBody({ ...plain, quantity }) as RecordUsage;
    expect(formatQuantity(record.quantity!)).toBe(expected);
  });

  it('keeps one key for an account, whatever the case of its uuid', () => {
    const account = 'team:0F8FAD5B-D9CB-469F-A165-70867728950E';
    expect(fromEventBody({ ...plain, account }).account).toBe(account.toLowerCase());
  });
});

describe('a record that is refused', () => {
  const DECIMAL = 'must be a plain decimal string with at most 23 digits before and 15 after the point';
  const NEGATIVE = 'must not be negative: correct usage by voiding or amending it';

  it.each<[string, unknown, Record<string, unknown>]>([
    ['nothing in it', {}, { id: 'is missing', account: 'is missing' }],
    ['no type', { ...plain, type: undefined }, { type: 'must say what happened' }],
    ['a wrong kind', { ...plain, kind: 'refund' }, { kind: expect.any(String) }],
    ['an unknown field', { ...plain, amount: 1 }, { amount: 'is not a known field' }],
    [
      'an unknown field of the subject',
      { ...plain, subject: { id: 'a', age: 7 } },
      { 'subject.age': 'is not a known field' },
    ],
    ['an empty id', { ...plain, id: '' }, { id: expect.any(String) }],
    ['a number for an id', { ...plain, id: 7 }, { id: 'must be string' }],
    ['a line break in an id', { ...plain, id: 'a\nb' }, { id: expect.any(String) }],
    ['half a letter', { ...plain, resource: '\ud83d' }, { resource: expect.any(String) }],
    ['256 characters', { ...plain, source: '🙂'.repeat(256) }, { source: expect.any(String) }],
    [
      'an account without a scheme',
      { ...plain, account: 'acme' },
      { account: 'must be scheme:value, such as org:acme' },
    ],
    [
      'a date',
      { ...plain, occurred_at: '2024-01-01' },
      { occurred_at: expect.stringMatching(/^must be an RFC 3339/) },
    ],
    [
      '30 February',
      { ...plain, occurred_at: '2024-02-30T00:00:00Z' },
      { occurred_at: 'has no day 30 in month 02' },
    ],
    ['a fraction', { ...plain, quantity: 0.5 }, { quantity: DECIMAL }],
    ['an exponent', { ...plain, quantity: '1e3' }, { quantity: DECIMAL }],
    ['16 places', { ...plain, quantity: `0.${'0'.repeat(16)}` }, { quantity: DECIMAL }],
    ['a number a double cannot count', { ...plain, quantity: 2 ** 53 }, { quantity: DECIMAL }],
    ['a negative decimal', { ...plain, quantity: '-0.1' }, { quantity: NEGATIVE }],
    ['a negative number', { ...plain, quantity: -1 }, { quantity: NEGATIVE }],
    ['a list of properties', { ...plain, properties: [] }, { properties: 'must be object' }],
    ['a text', 'event', { body: 'must be object' }],
    ['a list', [], { body: 'must be object' }],
    [
      'no target',
      { ...correction, kind: 'void', target: undefined },
      { target: 'must name the event to void' },
    ],
    ['a target without an id', { ...correction, kind: 'void', target: {} }, { 'target.id': 'is missing' }],
    [
      'a void with a quantity',
      { ...correction, kind: 'void', quantity: '1' },
      { quantity: 'does not belong to a void' },
    ],
    [
      'an amend that moves the event',
      { ...correction, kind: 'amend', type: 'other', resource: 'disk-2' },
      { type: 'does not belong to an amend', resource: 'does not belong to an amend' },
    ],
    [
      'usage with a target and a reason',
      { ...plain, target: { id: 'e-1' }, reason: 'why' },
      { target: 'belongs to a void or an amend', reason: 'belongs to a void or an amend' },
    ],
    [
      'a reason that no column can hold',
      { ...correction, kind: 'void', reason: 'a\u0000b' },
      { reason: expect.any(String) },
    ],
    [
      'a reason of 1,001 characters',
      { ...correction, kind: 'void', reason: 'x'.repeat(1_001) },
      { reason: expect.any(String) },
    ],
    [
      'several things wrong',
      { id: '', account: 'acme', quantity: 'two', colour: 'red' },
      {
        id: expect.any(String),
        account: expect.any(String),
        quantity: DECIMAL,
        colour: 'is not a known field',
      },
    ],
  ])('for %s names its fields', (_what, body, fields) => {
    expect(refusal(JSON.parse(JSON.stringify(body)))).toEqual(fields);
  });

  it('names at most fifty fields, and shows no more than 100 characters of a name', () => {
    const names = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`f${i}`, 1]));
    expect(Object.keys(refusal({ ...plain, ...names }))).toHaveLength(50);
    expect(refusal({ ...plain, ['x'.repeat(200)]: 1 })).toEqual({
      ['x'.repeat(100)]: 'is not a known field',
    });
  });
});

describe('the compiled schema', () => {
  it('takes and refuses the same 2,000 bodies as the schema it was compiled from', () => {
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(anyEventBody, (body) => {
        const compiled = isEventBody(body);
        seen[compiled ? 'taken' : 'refused']++;
        expect(EventBody.safeParse(body).success).toBe(compiled);
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(300);
  });

  it('leaves nothing that fails otherwise than by naming fields', () => {
    fc.assert(
      fc.property(anyEventBody, (body) => {
        try {
          const record = fromEventBody(body);
          expect(isEventBody(body)).toBe(true);
          expect(record.quantity === null || record.quantity >= 0n).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          const { fields, message } = error as DomainError;
          expect(fields.length).toBeGreaterThan(0);
          expect(message).toBe(`${fields[0]!.field}: ${fields[0]!.reason}`);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
