import { DomainError } from '../../src/core/errors';
import {
  dayOf,
  queryWindows,
  windowAt,
  windowsOf,
  type Window,
  type WindowSize,
} from '../../src/core/window';

const HOUR = 3_600_000;

const window = (from: string, to: string): Window => ({ from: new Date(from), to: new Date(to) });
const short = (at: Date) => at.toISOString().replace(/:00\.000Z$/, 'Z');
const ends = ({ from, to }: Window) => [short(from), short(to)];
/** The starts of consecutive windows and the end of the last one. */
const posts = (windows: readonly Window[]) =>
  [...windows.map(({ from }) => from), windows.at(-1)!.to].map(short);

function query(from: string, to: string, size: WindowSize, timeZone = 'UTC'): Window[] {
  return queryWindows({ ...window(from, to), size, timeZone });
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

describe('the rollup window of an instant', () => {
  const kolkata = window('2024-01-31T18:30Z', '2024-02-29T18:30Z');

  it.each<[string, string, string]>([
    ['2024-01-31T18:30Z', '2024-01-31T18:30Z', '2024-01-31T19:00Z'],
    ['2024-01-31T18:59Z', '2024-01-31T18:30Z', '2024-01-31T19:00Z'],
    ['2024-01-31T19:00Z', '2024-01-31T19:00Z', '2024-01-31T20:00Z'],
    ['2024-02-10T10:10Z', '2024-02-10T10:00Z', '2024-02-10T11:00Z'],
    ['2024-02-29T18:29Z', '2024-02-29T18:00Z', '2024-02-29T18:30Z'],
  ])('%s lies in [%s, %s) of a period from midnight to midnight in Kolkata', (at, from, to) => {
    expect(ends(windowAt(new Date(at), kolkata))).toEqual([from, to]);
  });

  it('is cut on both sides where a segment is shorter than an hour', () => {
    const segment = window('2024-02-10T10:10Z', '2024-02-10T10:40Z');
    expect(windowAt(new Date('2024-02-10T10:15Z'), segment)).toEqual(segment);
  });

  it('needs an instant of the period', () => {
    expect(reasonFor(() => windowAt(kolkata.to, kolkata))).toBe('invalid-argument at');
    expect(reasonFor(() => windowAt(new Date('2024-01-31T18:29Z'), kolkata))).toBe('invalid-argument at');
    expect(reasonFor(() => windowAt(new Date(NaN), kolkata))).toBe('invalid-argument at');
  });

  it('adds up into its UTC day, cut at the same boundaries', () => {
    const day = (at: string) => ends(dayOf(windowAt(new Date(at), kolkata), kolkata));
    expect(day('2024-01-31T18:45Z')).toEqual(['2024-01-31T18:30Z', '2024-02-01T00:00Z']);
    expect(day('2024-02-10T10:10Z')).toEqual(['2024-02-10T00:00Z', '2024-02-11T00:00Z']);
    expect(day('2024-02-29T18:10Z')).toEqual(['2024-02-29T00:00Z', '2024-02-29T18:30Z']);
  });
});

describe('the rollup windows of a stretch', () => {
  it('are its UTC hours, cut at the boundaries inside it', () => {
    const cuts = ['2024-02-29T19:10Z', '2024-02-29T18:30Z', '2024-02-29T20:00Z', '2024-03-31T18:30Z'];
    const windows = windowsOf(
      new Date('2024-02-29T18:00Z'),
      new Date('2024-02-29T21:00Z'),
      cuts.map((cut) => new Date(cut)),
    );
    expect(posts(windows)).toEqual([
      '2024-02-29T18:00Z',
      '2024-02-29T18:30Z',
      '2024-02-29T19:00Z',
      '2024-02-29T19:10Z',
      '2024-02-29T20:00Z',
      '2024-02-29T21:00Z',
    ]);
  });

  it('are clipped at its ends and none when it is empty', () => {
    const at = new Date('2024-02-29T18:20Z');
    expect(posts(windowsOf(at, new Date('2024-02-29T19:10Z')))).toEqual([
      '2024-02-29T18:20Z',
      '2024-02-29T19:00Z',
      '2024-02-29T19:10Z',
    ]);
    expect(windowsOf(at, at)).toEqual([]);
  });

  it('are refused backwards and in excess', () => {
    const at = new Date('2024-01-01T00:00Z');
    const after = (hours: number) => new Date(at.getTime() + hours * HOUR);
    expect(windowsOf(at, after(10_000))).toHaveLength(10_000);
    expect(reasonFor(() => windowsOf(at, after(10_001)))).toBe('invalid-argument to');
    expect(reasonFor(() => windowsOf(at, after(10_000), [after(0.5)]))).toBe('invalid-argument to');
    expect(reasonFor(() => windowsOf(at, after(-1)))).toBe('invalid-argument to');
  });
});

describe('the windows of a query', () => {
  it.each<[string, Window[], string[]]>([
    [
      'hours in UTC, clipped',
      query('2024-01-01T10:20Z', '2024-01-01T12:40Z', 'hour'),
      ['2024-01-01T10:20Z', '2024-01-01T11:00Z', '2024-01-01T12:00Z', '2024-01-01T12:40Z'],
    ],
    [
      'hours in Kolkata begin at half past',
      query('2024-01-01T18:30Z', '2024-01-01T20:00Z', 'hour', 'Asia/Kolkata'),
      ['2024-01-01T18:30Z', '2024-01-01T19:30Z', '2024-01-01T20:00Z'],
    ],
    [
      'hours in Lord Howe: at 02:00 the clock shows 02:30, so one window is half an hour',
      query('2024-10-05T14:30Z', '2024-10-05T17:00Z', 'hour', 'Australia/Lord_Howe'),
      ['2024-10-05T14:30Z', '2024-10-05T15:30Z', '2024-10-05T16:00Z', '2024-10-05T17:00Z'],
    ],
    [
      'hours in Berlin over the spring change',
      query('2024-03-31T00:00Z', '2024-03-31T03:00Z', 'hour', 'Europe/Berlin'),
      ['2024-03-31T00:00Z', '2024-03-31T01:00Z', '2024-03-31T02:00Z', '2024-03-31T03:00Z'],
    ],
    [
      'days in Berlin over the autumn change: 24, 25 and 24 hours',
      query('2024-10-25T22:00Z', '2024-10-28T23:00Z', 'day', 'Europe/Berlin'),
      ['2024-10-25T22:00Z', '2024-10-26T22:00Z', '2024-10-27T23:00Z', '2024-10-28T23:00Z'],
    ],
    [
      'days in Apia: the 30th of December 2011 is missing',
      query('2011-12-29T10:00Z', '2012-01-01T10:00Z', 'day', 'Pacific/Apia'),
      ['2011-12-29T10:00Z', '2011-12-30T10:00Z', '2011-12-31T10:00Z', '2012-01-01T10:00Z'],
    ],
    [
      'weeks begin on Monday',
      query('2024-02-28T00:00Z', '2024-03-12T00:00Z', 'week'),
      ['2024-02-28T00:00Z', '2024-03-04T00:00Z', '2024-03-11T00:00Z', '2024-03-12T00:00Z'],
    ],
    [
      'months in New York',
      query('2024-02-15T00:00Z', '2024-04-02T00:00Z', 'month', 'America/New_York'),
      ['2024-02-15T00:00Z', '2024-03-01T05:00Z', '2024-04-01T04:00Z', '2024-04-02T00:00Z'],
    ],
    [
      'the total is one window',
      query('2024-01-01T10:20Z', '2025-01-01T00:00Z', 'total', 'Europe/Berlin'),
      ['2024-01-01T10:20Z', '2025-01-01T00:00Z'],
    ],
    [
      'a stretch inside one day is that part of it',
      query('2024-01-01T10:00Z', '2024-01-01T11:00Z', 'day'),
      ['2024-01-01T10:00Z', '2024-01-01T11:00Z'],
    ],
    [
      'January 1970 east of Greenwich',
      query('1970-01-01T00:00Z', '1970-02-10T00:00Z', 'month', 'Asia/Tokyo'),
      ['1970-01-01T00:00Z', '1970-01-31T15:00Z', '1970-02-10T00:00Z'],
    ],
  ])('%s', (_, windows, expected) => {
    expect(posts(windows)).toEqual(expected);
  });

  it('are none for an empty stretch', () => {
    expect(query('2024-01-01T10:00Z', '2024-01-01T10:00Z', 'hour')).toEqual([]);
  });

  it('are at most 10,000', () => {
    const from = new Date('2024-01-01T00:00Z');
    const hours = (count: number) => ({ from, to: new Date(from.getTime() + count * HOUR), timeZone: 'UTC' });
    expect(queryWindows({ ...hours(10_000), size: 'hour' })).toHaveLength(10_000);
    expect(queryWindows({ ...hours(240_000), size: 'day' })).toHaveLength(10_000);
    expect(reasonFor(() => queryWindows({ ...hours(10_001), size: 'hour' }))).toBe('invalid-argument to');
    expect(reasonFor(() => queryWindows({ ...hours(240_001), size: 'day' }))).toBe('invalid-argument to');
    expect(reasonFor(() => queryWindows({ ...hours(10_000_000), size: 'hour' }))).toBe('invalid-argument to');
  });

  it('refuses an unknown zone, and a stretch that runs backwards or out of the calendar', () => {
    expect(reasonFor(() => query('2024-01-01T00:00Z', '2024-01-02T00:00Z', 'total', 'Nowhere'))).toMatch(
      /timeZone/,
    );
    expect(reasonFor(() => query('2024-01-02T00:00Z', '2024-01-01T00:00Z', 'day'))).toMatch(/ to$/);
    expect(reasonFor(() => query('1969-12-31T00:00Z', '2024-01-01T00:00Z', 'month'))).toMatch(/from/);
  });
});
