import { DomainError } from '../../src/core/errors';
import {
  fromEventBody,
  fromRestEvents,
  RECORDS_MAX,
  throwUnlessTaken,
  toRestVerdict,
} from '../../src/usage/event.wire';

const plain = { id: 'e-1', account: 'org:acme', type: 'api_requests' };

describe('a batch', () => {
  it('is an object with events; every other object is one event', () => {
    const { records, single, backfill, allOrNothing } = fromRestEvents({ events: [plain, plain] });
    expect([records.length, single, backfill, allOrNothing]).toEqual([2, false, false, false]);
    expect(fromRestEvents(plain)).toMatchObject({ single: true, backfill: false, records: [plain] });
    expect(fromRestEvents({ events: [plain], backfill: true }).backfill).toBe(true);
  });

  it('keeps the place of a record that cannot be read, with what can be said of it', () => {
    const { records } = fromRestEvents({
      events: [plain, { id: 'bad', source: 'eu', account: 7 }, null, 'x'],
    });
    expect(records).toEqual([
      fromEventBody(plain),
      {
        kind: 'unreadable',
        id: 'bad',
        source: 'eu',
        reason: 'account: must be scheme:value, such as org:acme',
        fields: ['account'],
      },
      { kind: 'unreadable', id: '', source: '', reason: 'body: must be object', fields: ['body'] },
      { kind: 'unreadable', id: '', source: '', reason: 'body: must be object', fields: ['body'] },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['is empty', { events: [] }, 'events: must hold at least one event'],
    ['is too long', { events: Array(RECORDS_MAX + 1) }, 'events: must hold at most 10000 events'],
    ['says more', { events: [plain], note: 1 }, 'note: is not a known field'],
    ['says half', { events: [plain], backfill: 'yes' }, 'backfill: must be true or false'],
    ['holds no list', { events: plain }, 'id: is missing'],
  ])('that %s is refused', (_what, body, message) => {
    expect(() => fromRestEvents(body)).toThrow(DomainError);
    expect(() => fromRestEvents(body)).toThrow(message);
  });
});

describe('a verdict', () => {
  const verdict = { id: 'e-1', source: 'eu', eventId: 'k', status: 'recorded' } as const;

  it('is told without what it does not know', () => {
    expect(toRestVerdict(verdict)).toEqual({ id: 'e-1', source: 'eu', status: 'recorded', event_id: 'k' });
    expect(
      toRestVerdict({
        ...verdict,
        status: 'refused',
        code: 'invalid-argument',
        reason: 'id: no',
        fields: ['id'],
      }),
    ).toEqual({
      id: 'e-1',
      source: 'eu',
      status: 'refused',
      event_id: 'k',
      code: 'invalid-argument',
      reason: 'id: no',
      fields: ['id'],
    });
  });

  it('of a single event is its answer, or its error', () => {
    const answer = (more: object) => () => throwUnlessTaken({ ...verdict, ...more });
    expect(answer({})).not.toThrow();
    expect(answer({ status: 'duplicate' })).not.toThrow();
    expect(answer({ status: 'conflict', reason: 'differs', fields: ['quantity'] })).toThrow(
      expect.objectContaining({ code: 'conflict', fields: [{ field: 'quantity', reason: 'differs' }] }),
    );
    expect(
      answer({ status: 'refused', code: 'not-found', reason: 'target: gone', fields: ['target'] }),
    ).toThrow(expect.objectContaining({ code: 'not-found', fields: [{ field: 'target', reason: 'gone' }] }));
  });
});
