import fc from 'fast-check';
import { DomainError } from '../../src/core/errors';
import { parseInstant } from '../../src/core/instant';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const read = (text: string): number => parseInstant(text, 'occurred_at');
const iso = (at: number): string => new Date(at).toISOString();

describe('an RFC 3339 instant', () => {
  it.each([
    ['1970-01-01T00:00:00Z', 0],
    ['1970-01-01T00:00:01Z', SECOND],
    ['1970-01-02T00:00:00Z', DAY],
    ['1970-01-01t00:00:01z', SECOND],
    ['1970-01-01T05:30:00+05:30', 0],
    ['1969-12-31T19:00:00-05:00', 0],
    ['1970-01-01T00:00:00-00:00', 0],
    ['1970-01-01T23:59:00+23:59', 0],
    ['1970-01-01T00:00:00-23:59', 24 * HOUR - MINUTE],
  ])('%s lies %d milliseconds after 1970', (text, at) => {
    expect(read(text)).toBe(at);
  });

  it.each([
    ['1970-01-01T00:00:00.1Z', 100],
    ['1970-01-01T00:00:00.12Z', 120],
    ['1970-01-01T00:00:00.123Z', 123],
    ['1970-01-01T00:00:00.1239Z', 123],
    ['1970-01-01T00:00:00.999999Z', 999],
    ['1970-01-01T00:00:00.999999999Z', 999],
    ['1970-01-01T00:00:00.000999999Z', 0],
    ['1970-01-01T00:00:00.999999999+00:00', 999],
  ])('%s keeps whole milliseconds, and nothing is rounded up', (text, at) => {
    expect(read(text)).toBe(at);
  });

  it.each([
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2016-12-31T23:59:60.5Z', '2017-01-01T00:00:00.500Z'],
    ['2017-01-01T05:29:60+05:30', '2017-01-01T00:00:00.000Z'],
    ['2016-12-31T15:59:60-08:00', '2017-01-01T00:00:00.000Z'],
  ])('the leap second %s is the second after it', (text, same) => {
    expect(iso(read(text))).toBe(same);
  });

  it.each([
    ['2024-02-29T00:00:00Z', true],
    ['2023-02-29T00:00:00Z', false],
    ['2024-02-30T00:00:00Z', false],
    ['2000-02-29T00:00:00Z', true],
    ['2100-02-29T00:00:00Z', false],
    ['2100-02-28T00:00:00Z', true],
    ['2024-04-30T00:00:00Z', true],
    ['2024-04-31T00:00:00Z', false],
    ['2024-06-31T00:00:00Z', false],
    ['2024-12-31T00:00:00Z', true],
  ])('the calendar has a day %s: %s', (text, exists) => {
    const reading = () => iso(read(text));
    if (exists) expect(reading()).toBe(`${text.slice(0, -1)}.000Z`);
    else expect(reading).toThrow(/^occurred_at: has no day (29|30|31) in month \d\d$/);
  });

  it('judges the day where the clock stands, not in UTC', () => {
    expect(iso(read('2024-03-01T00:30:00+01:00'))).toBe('2024-02-29T23:30:00.000Z');
    expect(() => read('2023-02-29T23:30:00-01:00')).toThrow(/has no day 29/);
  });

  it.each([
    ['1969-12-31T23:59:59.999Z', false],
    ['1970-01-01T00:00:00.000Z', true],
    ['1970-01-01T00:00:00+00:01', false],
    ['9999-12-30T00:00:00Z', true],
    ['9999-12-30T00:00:00.001Z', false],
    ['9999-12-31T23:59:59Z', false],
    ['9999-12-29T00:01:00-23:59', true],
    ['9999-12-29T00:01:00.001-23:59', false],
    ['0000-01-01T00:00:00Z', false],
    ['0099-01-01T00:00:00Z', false],
  ])('%s lies between 1970 and 9999: %s', (text, inside) => {
    if (inside) expect(read(text)).toBeGreaterThanOrEqual(0);
    else expect(() => read(text)).toThrow('occurred_at: must lie between 1970 and 9999');
  });

  it.each([
    '',
    '2024-01-01',
    '2024-01-01T00:00Z',
    '2024-01-01T00:00:00',
    '2024-01-01 00:00:00Z',
    ' 2024-01-01T00:00:00Z',
    '2024-01-01T00:00:00Z ',
    '2024-01-01T00:00:00Z\n',
    '2024-01-01T00:00:00.Z',
    '2024-01-01T00:00:00,5Z',
    '2024-01-01T00:00:00.1234567890Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2024-01-01T00:00:61Z',
    '2024-00-01T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-32T00:00:00Z',
    '2024-1-1T00:00:00Z',
    '24-01-01T00:00:00Z',
    '+2024-01-01T00:00:00Z',
    '12024-01-01T00:00:00Z',
    '2024-01-01T00:00:00+24:00',
    '2024-01-01T00:00:00+00:60',
    '2024-01-01T00:00:00+0100',
    '2024-01-01T00:00:00+01',
    '2024-01-01T00:00:00GMT',
    '٢٠٢٤-01-01T00:00:00Z',
    '1704067200000',
  ])('refuses %j, naming the field', (text) => {
    expect(() => read(text)).toThrow(DomainError);
    expect(() => read(text)).toThrow(/^occurred_at: must be an RFC 3339 instant/);
  });
});

describe('laws of instants', () => {
  const anyInstant = fc.integer({ min: 0, max: Date.UTC(9999, 11, 30) });
  const two = (n: number): string => `${n}`.padStart(2, '0');

  it('reading what a clock has written gives the same', () => {
    fc.assert(fc.property(anyInstant, (at) => read(iso(at)) === at));
  });

  it('an instant is the same in every offset', () => {
    const anyOffset = fc.integer({ min: -(24 * 60 - 1), max: 24 * 60 - 1 });
    fc.assert(
      fc.property(fc.integer({ min: 2 * DAY, max: Date.UTC(9999, 11, 28) }), anyOffset, (at, offset) => {
        const clock = iso(at + offset * MINUTE).slice(0, -1);
        const size = Math.abs(offset);
        const text = `${clock}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
        expect(read(text)).toBe(at);
      }),
    );
  });

  it('more digits of a second change nothing', () => {
    fc.assert(
      fc.property(anyInstant, fc.stringMatching(/^\d{1,6}$/), (at, digits) => {
        expect(read(iso(at).replace('Z', `${digits}Z`))).toBe(at);
      }),
    );
  });

  it('whatever text comes, it is an instant or a refusal that names the field', () => {
    const anyText = fc.stringMatching(
      /^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{0,10})?(Z|[+-]\d\d:\d\d)$/,
    );
    fc.assert(
      fc.property(anyText, (text) => {
        try {
          const at = read(text);
          expect(Number.isInteger(at) && at >= 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          expect((error as DomainError).fields.map(({ field }) => field)).toEqual(['occurred_at']);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
