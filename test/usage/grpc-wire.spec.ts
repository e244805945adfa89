import fc from 'fast-check';
import { DomainError } from '../../src/core/errors';
import { formatQuantity } from '../../src/core/quantity';
import type { RecordUsage } from '../../src/usage/event-record.commands';
import { fromEventBody, RECORDS_MAX } from '../../src/usage/event.wire';
import { fromGrpcEvents, toGrpcVerdicts } from '../../src/usage/grpc-event.wire';
import { arrived, arrivedAnswer, read, refusal } from './grpc-bytes';

const plain = { id: 'e-1', account: 'org:acme', type: 'api_requests' };
const voiding = { id: 'c-1', account: 'org:acme', kind: 'EVENT_KIND_VOID', target: { id: 'e-1' } };

describe('an event over gRPC', () => {
  it('is what the same record is over REST', () => {
    expect(read(plain)).toEqual(fromEventBody(plain));
    const more = { source: 'eu', quantity: '1.50', resource: 'disk-1' };
    const subject = { id: 'ann', attributes: { email: 'ann@example.org' } };
    const occurred = { occurredAt: { seconds: 1, nanos: 500_000_000 } };
    expect(read({ ...plain, ...more, subject, ...occurred })).toEqual(
      fromEventBody({ ...plain, ...more, subject, occurred_at: '1970-01-01T00:00:01.5Z' }),
    );
  });

  it('of another kind is a void or an amend', () => {
    const { kind: _kind, ...body } = voiding;
    expect(read({ ...voiding, source: 'eu', reason: 'twice' })).toEqual(
      fromEventBody({ ...body, kind: 'void', source: 'eu', reason: 'twice' }),
    );
    expect(read({ ...voiding, kind: 2, quantity: '3', target: { id: 'e-1', source: 'us' } })).toEqual(
      fromEventBody({ ...body, kind: 'amend', quantity: '3', target: { id: 'e-1', source: 'us' } }),
    );
  });

  it.each([
    ['0', '0'],
    ['007.10', '7.1'],
    ['0.000000000000001', '0.000000000000001'],
  ])('has the quantity %s, which is %s; left out is not zero', (quantity, expected) => {
    expect(formatQuantity((read({ ...plain, quantity }) as RecordUsage).quantity!)).toBe(expected);
    expect((read(plain) as RecordUsage).quantity).toBeNull();
  });
});

describe('an event over gRPC that is refused', () => {
  const NAME = 'must be a text of 1 to 255 characters without control characters';

  it.each<[string, object, string, string]>([
    ['nothing in it', {}, 'account', 'must be scheme:value, such as org:acme or project:1f0c2d3e'],
    ['no id', { ...plain, id: '' }, 'id', NAME],
    ['no type', { ...plain, type: '' }, 'type', NAME],
    ['a line break', { ...plain, resource: 'a\nb' }, 'resource', NAME],
    ['256 characters', { ...plain, source: 'x'.repeat(256) }, 'source', NAME],
    ['a kind of the future', { ...plain, kind: 7 }, 'kind', 'is not a known kind of event'],
    [
      'an empty quantity',
      { ...plain, quantity: '' },
      'quantity',
      expect.stringMatching(/^must be a plain decimal/),
    ],
    [
      'an exponent',
      { ...plain, quantity: '1e3' },
      'quantity',
      expect.stringMatching(/^must be a plain decimal/),
    ],
    [
      'less than nothing',
      { ...plain, quantity: '-0.1' },
      'quantity',
      expect.stringMatching(/^must not be negative/),
    ],
    ['a target', { ...plain, target: { id: 'e' } }, 'target', 'belongs to a void or an amend'],
    ['no target', { ...voiding, target: undefined }, 'target', 'must name the event to void'],
    ['a nameless target', { ...voiding, target: {} }, 'target.id', NAME],
    ['a nameless subject', { ...plain, subject: {} }, 'subject.id', NAME],
    ['a reason with NUL', { ...voiding, reason: 'a\u0000b' }, 'reason', expect.any(String)],
    ['a reason of 1,001 characters', { ...voiding, reason: 'x'.repeat(1_001) }, 'reason', expect.any(String)],
    [
      'a long attribute',
      { ...plain, subject: { id: 'a', attributes: { note: 'x'.repeat(2_001) } } },
      'subject.attributes',
      expect.any(String),
    ],
    [
      '51 attributes',
      { ...plain, subject: { id: 'a', attributes: Object.fromEntries(Array(51).entries()) } },
      'subject.attributes',
      expect.any(String),
    ],
  ])('for %s names its field', (_what, event, field, reason) => {
    expect(refusal(event)).toEqual([field, reason]);
  });
});

describe('an instant over gRPC', () => {
  const last = Date.UTC(9999, 11, 30) / 1_000;

  it.each<[string, number | string, number, number | null]>([
    ['the beginning of 1970', 0, 0, 0],
    ['a second later', 1, 0, 1_000],
    ['a nanosecond short of two', 1, 999_999_999, 1_999],
    ['a microsecond', 1, 1_000, 1_000],
    ['a millisecond', 1, 1_000_000, 1_001],
    ['the last instant', last, 0, last * 1_000],
    ['its nanoseconds', last, 999_999, last * 1_000],
    ['a millisecond later', last, 1_000_000, null],
    ['1969', -1, 999_999_999, null],
    ['the largest number of seconds', '9223372036854775807', 0, null],
    ['the smallest', '-9223372036854775808', 0, null],
    ['nanoseconds of more than a second', 1, 1_000_000_000, null],
    ['nanoseconds of less than none', 1, -1, null],
  ])('%s', (_words, seconds, nanos, at) => {
    const event = { ...plain, occurredAt: { seconds, nanos } };
    if (at === null) expect(refusal(event)).toEqual(['occurred_at', 'must lie between 1970 and 9999']);
    else expect((read(event) as RecordUsage).occurredAt).toBe(at);
  });

  it('lies where an instant over REST may lie', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.integer({ min: -2 * 86_400, max: 2 * 86_400 }),
          fc.integer({ min: last - 2 * 86_400, max: last + 86_400 }),
        ),
        fc.integer({ min: 0, max: 999 }),
        (seconds, ms) => {
          const over = read({ ...plain, occurredAt: { seconds, nanos: ms * 1_000_000 } });
          const occurred_at = new Date(seconds * 1_000 + ms).toISOString();
          if (over.kind === 'unreadable')
            expect(() => fromEventBody({ ...plain, occurred_at })).toThrow(over.reason);
          else expect(over).toEqual(fromEventBody({ ...plain, occurred_at }));
        },
      ),
    );
  });
});

describe('a batch over gRPC', () => {
  it('keeps the place of what cannot be read, and may be a backfill', () => {
    const request = arrived({ events: [plain, { ...plain, id: 'bad', type: '' }, plain], backfill: true });
    expect(fromGrpcEvents(request)).toEqual({
      records: [
        fromEventBody(plain),
        expect.objectContaining({ kind: 'unreadable', id: 'bad', fields: ['type'] }),
        fromEventBody(plain),
      ],
      backfill: true,
      allOrNothing: false,
    });
  });

  it('holds from one to ten thousand events', () => {
    expect(() => fromGrpcEvents(arrived({ events: [] }))).toThrow('events: must hold at least one event');
    const events = Array(RECORDS_MAX + 1).fill(plain);
    expect(() => fromGrpcEvents(arrived({ events }))).toThrow(DomainError);
  });
});

describe('verdicts over gRPC', () => {
  it('are told in order, and survive the wire', () => {
    const verdict = { id: 'e', source: 'eu', eventId: 'k' };
    const answer = toGrpcVerdicts(
      [
        { ...verdict, status: 'recorded' },
        { ...verdict, status: 'duplicate' },
        { ...verdict, status: 'conflict', code: 'conflict', reason: 'differs', fields: ['quantity'] },
        { ...verdict, status: 'refused', code: 'invalid-argument', reason: 'id: no', fields: ['id'] },
      ],
      'batch-7',
    );
    expect(arrivedAnswer(answer)).toEqual({
      batchId: 'batch-7',
      verdicts: [
        { id: 'e', source: 'eu', status: 'VERDICT_STATUS_RECORDED', reason: '', fields: [] },
        { id: 'e', source: 'eu', status: 'VERDICT_STATUS_DUPLICATE', reason: '', fields: [] },
        { id: 'e', source: 'eu', status: 'VERDICT_STATUS_CONFLICT', reason: 'differs', fields: ['quantity'] },
        { id: 'e', source: 'eu', status: 'VERDICT_STATUS_REFUSED', reason: 'id: no', fields: ['id'] },
      ],
    });
  });
});
