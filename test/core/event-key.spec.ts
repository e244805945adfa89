import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { eventKey, timeOfId } from '../../src/core/event-key';

/** Sixty-four digits that can be told apart: 0123456789abcdef four times. */
const DIGEST = '0123456789abcdef'.repeat(4);

const digestOf = (id: string): string => createHash('sha256').update(id).digest('hex');
const keyOf = (id: string): string => eventKey(id, digestOf(id));

/** A UUIDv7 of this instant, with the given 74 random bits as hex digits. */
function uuidv7(at: number, tail = '000' + '0'.repeat(15)): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(0, 3)}-8${tail.slice(3, 6)}-${tail.slice(6, 18)}`;
}

// 018bcfe56800 in hex and 01HF7YAT00 in Crockford's base 32 are 1,700,000,000,000 ms: 14 November 2023, 22:13:20.
const NOVEMBER = 1_700_000_000_000;

describe('the time inside an id', () => {
  it.each([
    ['018bcfe5-6800-7000-8000-000000000000', NOVEMBER],
    ['018bcfe5-6801-7000-8000-000000000000', NOVEMBER + 1],
    ['018bcfe5-6800-7fff-bfff-ffffffffffff', NOVEMBER],
    ['018BCFE5-6800-7ABC-9DEF-0123456789AB', NOVEMBER],
    ['01HF7YAT00AAAAAAAAAAAAAAAA', NOVEMBER],
    ['01HF7YAT01AAAAAAAAAAAAAAAA', NOVEMBER + 1],
    ['01HF7YAT0ZZZZZZZZZZZZZZZZZ', NOVEMBER + 31],
    ['01hf7yat00aaaaaaaaaaaaaaaa', NOVEMBER],
    ['01ARYZ6S41TSV4RRFFQ69G5FAV', 1_469_918_176_385],
  ])('%s was made at %d', (id, at) => {
    expect(timeOfId(id)).toBe(at);
  });

  it.each([
    ['the last millisecond of 2009', '0125e72e-77ff-7000-8000-000000000000', null],
    ['the first of 2010', '0125e72e-7800-7000-8000-000000000000', Date.UTC(2010, 0, 1)],
    ['the last of 2099', '03bb2cc3-d7ff-7000-8000-000000000000', Date.UTC(2100, 0, 1) - 1],
    ['the first of 2100', '03bb2cc3-d800-7000-8000-000000000000', null],
    ['1970', '00000000-0000-7000-8000-000000000000', null],
    ['the end of 48 bits', 'ffffffff-ffff-7fff-bfff-ffffffffffff', null],
    ['the last millisecond of 2009', '014QKJWXZZ0000000000000000', null],
    ['the first of 2010', '014QKJWY000000000000000000', Date.UTC(2010, 0, 1)],
    ['the last of 2099', '03QCPC7NZZ0000000000000000', Date.UTC(2100, 0, 1) - 1],
    ['the first of 2100', '03QCPC7P000000000000000000', null],
    ['the end of 48 bits', '7ZZZZZZZZZZZZZZZZZZZZZZZZZ', null],
  ])('counts from 2010 until 2100 only: %s, %s', (_when, id, at) => {
    expect(timeOfId(id)).toBe(at);
  });

  it.each([
    ['a random uuid', '018bcfe5-6800-4000-8000-000000000000'],
    ['a uuid by time and node', '018bcfe5-6800-1000-8000-000000000000'],
    ['a uuid of version 6', '018bcfe5-6800-6000-8000-000000000000'],
    ['another variant of uuid', '018bcfe5-6800-7000-c000-000000000000'],
    ['hex digits without hyphens', '018bcfe5680070008000000000000000'],
    ['a uuid in braces', '{018bcfe5-6800-7000-8000-000000000000}'],
    ['a letter beyond f', '018bcfe5-6800-7000-8000-00000000000g'],
    ['hyphens elsewhere', '018bcfe56-800-7000-8000-000000000000'],
    ['a ulid with the letter I', '01HF7YAT00IAAAAAAAAAAAAAAA'],
    ['a ulid with the letter U', '01HF7YAT00UAAAAAAAAAAAAAAA'],
    ['a ulid beyond 128 bits', '81HF7YAT00AAAAAAAAAAAAAAAA'],
    ['a ulid too short', '01HF7YAT00AAAAAAAAAAAAAAA'],
    ['a number', '1700000000000'],
    ['any text', 'invoice-42'],
    ['26 letters of prose', 'abcdefghjkmnpqrstvwxyzabcd'],
    ['nothing', ''],
  ])('is not read out of %s', (_what, id) => {
    expect(timeOfId(id)).toBeNull();
  });
});

describe('the key of an event', () => {
  it('of a UUIDv7 is its 48 bits of time and 80 bits of the digest', () => {
    expect(eventKey('018bcfe5-6800-7abc-9def-0123456789ab', DIGEST)).toBe(
      '018bcfe5-6800-0123-4567-89abcdef0123',
    );
  });

  it('of a ULID of the same instant begins the same', () => {
    expect(eventKey('01HF7YAT00AAAAAAAAAAAAAAAA', DIGEST)).toBe('018bcfe5-6800-0123-4567-89abcdef0123');
  });

  it('of any other id is ff and 120 bits of the digest', () => {
    const opaque = 'ff012345-6789-abcd-ef01-23456789abcd';
    expect(eventKey('invoice-42', DIGEST)).toBe(opaque);
    expect(eventKey('018bcfe5-6800-4000-8000-000000000000', DIGEST)).toBe(opaque);
    expect(eventKey('0125e72e-77ff-7000-8000-000000000000', DIGEST)).toBe(opaque);
    expect(eventKey('03bb2cc3-d800-7000-8000-000000000000', DIGEST)).toBe(opaque);
    expect(eventKey('', DIGEST)).toBe(opaque);
  });

  it('keeps the leading zeros of a time', () => {
    expect(eventKey('0125e72e-7800-7000-8000-000000000000', DIGEST)).toBe(
      '0125e72e-7800-0123-4567-89abcdef0123',
    );
  });

  it('shares its time between the cases of an id, but not its key', () => {
    const [lower, upper] = ['018bcfe5-6800-7abc-9def-0123456789ab', '018BCFE5-6800-7ABC-9DEF-0123456789AB'];
    expect(keyOf(lower).slice(0, 13)).toBe(keyOf(upper).slice(0, 13));
    expect(keyOf(lower)).not.toBe(keyOf(upper));
  });

  it('does not depend on when it is made', () => {
    const id = uuidv7(NOVEMBER);
    const keys = [0, NOVEMBER, Date.UTC(2150, 0, 1)].map((now) => {
      jest.useFakeTimers({ now });
      return [keyOf(id), keyOf('invoice-42')];
    });
    jest.useRealTimers();
    expect(keys[1]).toEqual(keys[0]);
    expect(keys[2]).toEqual(keys[0]);
  });
});

describe('laws of keys', () => {
  const anyTime = fc.integer({ min: Date.UTC(2010, 0, 1), max: Date.UTC(2100, 0, 1) - 1 });
  const anyTail = fc.stringMatching(/^[0-9a-f]{18}$/);
  const anyId = fc.oneof(fc.uuid(), fc.ulid(), fc.string({ maxLength: 40 }));
  const anyDigest = fc.stringMatching(/^[0-9a-f]{64}$/);

  it('a key is a lower-case uuid, and only an opaque one begins with ff', () => {
    fc.assert(
      fc.property(anyId, anyDigest, (id, digest) => {
        const key = eventKey(id, digest);
        expect(key).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        expect(key.startsWith('ff')).toBe(timeOfId(id) === null);
      }),
    );
  });

  it('keys of UUIDv7 sort by time, before every opaque key', () => {
    fc.assert(
      fc.property(anyTime, anyTime, anyTail, anyTail, (a, b, tailA, tailB) => {
        const [keyA, keyB] = [keyOf(uuidv7(a, tailA)), keyOf(uuidv7(b, tailB))];
        if (a < b) expect(keyA < keyB).toBe(true);
        if (a > b) expect(keyA > keyB).toBe(true);
        expect(keyA < keyOf(tailB)).toBe(true);
      }),
    );
  });

  it('the time of a key is the time of its id', () => {
    fc.assert(
      fc.property(anyTime, anyTail, (at, tail) => {
        expect(timeOfId(uuidv7(at, tail))).toBe(at);
        const key = keyOf(uuidv7(at, tail));
        expect(BigInt(`0x${key.slice(0, 8)}${key.slice(9, 13)}`)).toBe(BigInt(at));
      }),
    );
  });

  it('100,000 ids have 100,000 keys, also when they share a millisecond', () => {
    const keys = new Set<string>();
    for (let n = 0; n < 25_000; n++) {
      const tail = n.toString(16).padStart(18, '0');
      keys.add(keyOf(uuidv7(NOVEMBER, tail)));
      keys.add(keyOf(uuidv7(NOVEMBER + n * 1_000, tail)));
      keys.add(keyOf(`01HF7YAT00${n.toString().padStart(16, '0')}`));
      keys.add(keyOf(`order ${n}`));
    }
    // The second id of n = 0 is the first one again.
    expect(keys.size).toBe(100_000 - 1);
  });
});
