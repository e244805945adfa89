import { DomainError } from '../../src/core/errors';
import {
  boundaries,
  boundary,
  isTimeZone,
  nextBoundary,
  periodAt,
  type Calendar,
  type Interval,
} from '../../src/core/period';

function calendar(anchor: string, interval: Interval, timeZone = 'UTC', count = 1): Calendar {
  return { anchor: new Date(anchor), interval, count, timeZone };
}

/** Without the seconds, which are zero in every table here. */
const short = (at: Date) => at.toISOString().replace(/:00\.000Z$/, 'Z');

function list(of: Calendar, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => short(boundary(of, first + i)));
}

function reasonFor(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof DomainError) return `${error.code} ${error.fields[0]?.field}`;
    throw error;
  }
  return 'accepted';
}

describe('boundaries in UTC', () => {
  it.each<[string, Calendar, number, string[]]>([
    [
      'a month on the 31st returns to the 31st',
      calendar('2024-01-31T00:00Z', 'month'),
      0,
      ['2024-01-31T00:00Z', '2024-02-29T00:00Z', '2024-03-31T00:00Z', '2024-04-30T00:00Z'],
    ],
    [
      'a common February',
      calendar('2023-01-31T10:30Z', 'month'),
      0,
      ['2023-01-31T10:30Z', '2023-02-28T10:30Z', '2023-03-31T10:30Z'],
    ],
    [
      'the 30th',
      calendar('2023-01-30T00:00Z', 'month'),
      0,
      ['2023-01-30T00:00Z', '2023-02-28T00:00Z', '2023-03-30T00:00Z'],
    ],
    [
      'the 28th stays',
      calendar('2023-02-28T00:00Z', 'month'),
      0,
      ['2023-02-28T00:00Z', '2023-03-28T00:00Z', '2023-04-28T00:00Z'],
    ],
    [
      'years on 29 February',
      calendar('2024-02-29T00:00Z', 'year'),
      0,
      [
        '2024-02-29T00:00Z',
        '2025-02-28T00:00Z',
        '2026-02-28T00:00Z',
        '2027-02-28T00:00Z',
        '2028-02-29T00:00Z',
      ],
    ],
    [
      'the century without a leap day',
      calendar('2096-02-29T00:00Z', 'year', 'UTC', 4),
      0,
      ['2096-02-29T00:00Z', '2100-02-28T00:00Z', '2104-02-29T00:00Z'],
    ],
    [
      'quarters before the anchor',
      calendar('2024-05-31T00:00Z', 'month', 'UTC', 3),
      -2,
      ['2023-11-30T00:00Z', '2024-02-29T00:00Z', '2024-05-31T00:00Z'],
    ],
    [
      'weeks',
      calendar('2024-02-26T08:00Z', 'week'),
      -1,
      ['2024-02-19T08:00Z', '2024-02-26T08:00Z', '2024-03-04T08:00Z'],
    ],
    [
      'days over a leap day',
      calendar('2024-02-28T00:00Z', 'day'),
      0,
      ['2024-02-28T00:00Z', '2024-02-29T00:00Z', '2024-03-01T00:00Z'],
    ],
    [
      'six hours',
      calendar('2024-01-01T03:00Z', 'hour', 'UTC', 6),
      -1,
      ['2023-12-31T21:00Z', '2024-01-01T03:00Z', '2024-01-01T09:00Z'],
    ],
  ])('%s', (_, of, first, expected) => {
    expect(list(of, first, first + expected.length - 1)).toEqual(expected);
  });

  it('keeps milliseconds', () => {
    const of = calendar('2024-01-31T23:59:59.999Z', 'month');
    expect(boundary(of, 1).toISOString()).toBe('2024-02-29T23:59:59.999Z');
  });
});

describe('the period of an instant', () => {
  const monthly = calendar('2024-01-31T10:00Z', 'month');

  it.each<[string, string, string, number]>([
    ['2024-01-31T10:00Z', '2024-01-31T10:00Z', '2024-02-29T10:00Z', 0],
    ['2024-02-29T09:59Z', '2024-01-31T10:00Z', '2024-02-29T10:00Z', 0],
    ['2024-02-29T10:00Z', '2024-02-29T10:00Z', '2024-03-31T10:00Z', 1],
    ['2024-01-31T09:59Z', '2023-12-31T10:00Z', '2024-01-31T10:00Z', -1],
    ['2023-02-28T10:00Z', '2023-02-28T10:00Z', '2023-03-31T10:00Z', -11],
    ['1970-01-01T00:00Z', '1969-12-31T10:00Z', '1970-01-31T10:00Z', -649],
    ['9999-12-31T23:59Z', '9999-12-31T10:00Z', '+010000-01-31T10:00Z', 95_711],
  ])('at %s is [%s, %s)', (at, from, to, index) => {
    const period = periodAt(monthly, new Date(at));
    expect([short(period.from), short(period.to), period.index]).toEqual([from, to, index]);
  });

  it('ends at the next boundary, which for a boundary is the one after it', () => {
    expect(short(nextBoundary(monthly, new Date('2024-02-29T09:59Z')))).toBe('2024-02-29T10:00Z');
    expect(short(nextBoundary(monthly, new Date('2024-02-29T10:00Z')))).toBe('2024-03-31T10:00Z');
  });

  it('lists the boundaries of a range, both ends included', () => {
    const between = (from: string, to: string) =>
      boundaries(monthly, new Date(from), new Date(to)).map(short);
    expect(between('2024-01-31T10:00Z', '2024-03-31T10:00Z')).toEqual([
      '2024-01-31T10:00Z',
      '2024-02-29T10:00Z',
      '2024-03-31T10:00Z',
    ]);
    expect(between('2024-01-31T10:01Z', '2024-03-31T09:59Z')).toEqual(['2024-02-29T10:00Z']);
    expect(between('2024-02-01T00:00Z', '2024-02-01T00:00Z')).toEqual([]);
  });
});

describe('what is refused', () => {
  const good = calendar('2024-01-31T00:00Z', 'month');
  const at = new Date('2024-06-01T00:00Z');

  it.each<[string, () => unknown]>([
    ['anchor', () => periodAt({ ...good, anchor: new Date('1969-12-31T23:59Z') }, at)],
    ['anchor', () => periodAt({ ...good, anchor: new Date('+010000-01-01T00:00Z') }, at)],
    ['anchor', () => periodAt({ ...good, anchor: new Date(NaN) }, at)],
    ['at', () => periodAt(good, new Date(NaN))],
    ['at', () => nextBoundary(good, new Date(-1))],
    ['count', () => periodAt({ ...good, count: 0 }, at)],
    ['count', () => periodAt({ ...good, count: 1.5 }, at)],
    ['count', () => periodAt({ ...good, count: 1001 }, at)],
    ['timeZone', () => periodAt({ ...good, timeZone: 'Europe/Atlantis' }, at)],
    ['timeZone', () => periodAt({ ...good, timeZone: '+05:30', interval: 'hour' }, at)],
    ['n', () => boundary(good, 0.5)],
    ['n', () => boundary(good, -700)],
    ['n', () => boundary(good, -24_000)],
    ['n', () => boundary(good, 100_000)],
    ['n', () => boundary(good, Number.MAX_SAFE_INTEGER)],
    ['n', () => boundary({ ...good, timeZone: 'Europe/Berlin' }, -Number.MAX_SAFE_INTEGER)],
    ['n', () => boundary({ ...good, interval: 'day' }, 1e15)],
    ['to', () => boundaries(good, at, new Date('2024-05-31T00:00Z'))],
    ['to', () => boundaries({ ...good, interval: 'hour' }, at, new Date('2025-12-01T00:00Z'))],
  ])('%s', (field, act) => {
    expect(reasonFor(act)).toBe(`invalid-argument ${field}`);
  });

  it('tells zone names from other text', () => {
    expect(['UTC', 'Etc/GMT+5', 'America/Argentina/Buenos_Aires'].map(isTimeZone)).toEqual([
      true,
      true,
      true,
    ]);
    expect(['', 'Z', '+05:30', 'Mars/Olympus', 'Europe/Berlin ', 'a'.repeat(1000)].some(isTimeZone)).toBe(
      false,
    );
  });
});
