import { boundaries, boundary, periodAt, type Calendar, type Interval } from '../../src/core/period';

function calendar(anchor: string, interval: Interval, timeZone: string, count = 1): Calendar {
  return { anchor: new Date(anchor), interval, count, timeZone };
}

/** Without the seconds, which are zero in every table here. */
const short = (at: Date) => at.toISOString().replace(/:00\.000Z$/, 'Z');

function list(of: Calendar, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => short(boundary(of, first + i)));
}

describe('boundaries on a local clock', () => {
  it.each<[string, Calendar, number, string[]]>([
    [
      'Berlin: the day of the spring change has 23 hours, midnight to midnight',
      calendar('2024-03-29T23:00Z', 'day', 'Europe/Berlin'),
      0,
      ['2024-03-29T23:00Z', '2024-03-30T23:00Z', '2024-03-31T22:00Z'],
    ],
    [
      'Berlin: the day of the autumn change has 25',
      calendar('2024-10-25T22:00Z', 'day', 'Europe/Berlin'),
      0,
      ['2024-10-25T22:00Z', '2024-10-26T22:00Z', '2024-10-27T23:00Z'],
    ],
    [
      'Berlin: 02:30 is skipped on 31 March and means 03:30',
      calendar('2024-03-30T01:30Z', 'day', 'Europe/Berlin'),
      0,
      ['2024-03-30T01:30Z', '2024-03-31T01:30Z', '2024-04-01T00:30Z'],
    ],
    [
      'Berlin: 02:30 comes twice on 27 October and means the first',
      calendar('2024-10-26T00:30Z', 'day', 'Europe/Berlin'),
      0,
      ['2024-10-26T00:30Z', '2024-10-27T00:30Z', '2024-10-28T01:30Z'],
    ],
    [
      'Berlin: an anchor at the second 02:30 stays there',
      calendar('2024-10-27T01:30Z', 'day', 'Europe/Berlin'),
      -1,
      ['2024-10-26T00:30Z', '2024-10-27T01:30Z', '2024-10-28T01:30Z'],
    ],
    [
      'Berlin: months from local midnight of the 31st',
      calendar('2024-01-30T23:00Z', 'month', 'Europe/Berlin'),
      0,
      ['2024-01-30T23:00Z', '2024-02-28T23:00Z', '2024-03-30T23:00Z', '2024-04-29T22:00Z'],
    ],
    [
      'Berlin: hours are elapsed time over the spring change',
      calendar('2024-03-31T00:00Z', 'hour', 'Europe/Berlin'),
      0,
      ['2024-03-31T00:00Z', '2024-03-31T01:00Z', '2024-03-31T02:00Z'],
    ],
    [
      'New York: 02:30 is skipped on 10 March',
      calendar('2024-03-09T07:30Z', 'day', 'America/New_York'),
      0,
      ['2024-03-09T07:30Z', '2024-03-10T07:30Z', '2024-03-11T06:30Z'],
    ],
    [
      'New York: months from local midnight of the 31st',
      calendar('2024-01-31T05:00Z', 'month', 'America/New_York'),
      0,
      ['2024-01-31T05:00Z', '2024-02-29T05:00Z', '2024-03-31T04:00Z'],
    ],
    [
      'Kolkata: midnight is 18:30 UTC',
      calendar('2023-12-31T18:30Z', 'month', 'Asia/Kolkata'),
      0,
      ['2023-12-31T18:30Z', '2024-01-31T18:30Z', '2024-02-29T18:30Z'],
    ],
    [
      'Lord Howe: the spring day has 23.5 hours',
      calendar('2024-10-05T13:30Z', 'day', 'Australia/Lord_Howe'),
      0,
      ['2024-10-05T13:30Z', '2024-10-06T13:00Z', '2024-10-07T13:00Z'],
    ],
    [
      'Lord Howe: the autumn day has 24.5 hours',
      calendar('2024-04-06T13:00Z', 'day', 'Australia/Lord_Howe'),
      0,
      ['2024-04-06T13:00Z', '2024-04-07T13:30Z'],
    ],
    [
      'Lord Howe: 02:15 is skipped and means 02:45',
      calendar('2024-10-04T15:45Z', 'day', 'Australia/Lord_Howe'),
      0,
      ['2024-10-04T15:45Z', '2024-10-05T15:45Z', '2024-10-06T15:15Z'],
    ],
    [
      'Apia: 30 December 2011 never was, so its midnight is that of the 31st',
      calendar('2011-12-28T10:00Z', 'day', 'Pacific/Apia'),
      0,
      [
        '2011-12-28T10:00Z',
        '2011-12-29T10:00Z',
        '2011-12-30T10:00Z',
        '2011-12-30T10:00Z',
        '2011-12-31T10:00Z',
      ],
    ],
    [
      'Casablanca: back to UTC for Ramadan 2024, forward again after it',
      calendar('2024-01-31T23:00Z', 'month', 'Africa/Casablanca'),
      0,
      ['2024-01-31T23:00Z', '2024-02-29T23:00Z', '2024-04-01T00:00Z', '2024-04-30T23:00Z'],
    ],
    [
      'Sao Paulo: midnight itself was skipped on 4 November 2018',
      calendar('2018-11-03T03:00Z', 'day', 'America/Sao_Paulo'),
      0,
      ['2018-11-03T03:00Z', '2018-11-04T03:00Z', '2018-11-05T02:00Z'],
    ],
  ])('%s', (_, of, first, expected) => {
    expect(list(of, first, first + expected.length - 1)).toEqual(expected);
  });

  it('never answers the empty day of Apia', () => {
    const days = calendar('2011-12-28T10:00Z', 'day', 'Pacific/Apia');
    const [before, after] = [new Date('2011-12-30T09:59:59.999Z'), new Date('2011-12-30T10:00Z')];
    expect(periodAt(days, before)).toMatchObject({ index: 1, to: after });
    expect(periodAt(days, after)).toMatchObject({ index: 3, from: after, to: new Date('2011-12-31T10:00Z') });
    expect(boundaries(days, before, new Date('2012-01-01T00:00Z')).map(short)).toEqual([
      '2011-12-30T10:00Z',
      '2011-12-31T10:00Z',
    ]);
  });

  it('finds its way back over the date line, where clocks were 25 hours apart', () => {
    const days = calendar('2012-01-10T10:00Z', 'day', 'Pacific/Apia');
    const period = periodAt(days, new Date('2011-06-15T10:30Z'));
    expect([period.from, period.to].map(short)).toEqual(['2011-06-14T11:00Z', '2011-06-15T11:00Z']);
  });
});
