import { type Placed, segmentCell, type Sum, sumContributions } from '../../src/core/contribution';
import type { Reading } from '../../src/core/event';
import type { Aggregation } from '../../src/core/meter';
import { formatQuantity, ONE, quantity } from '../../src/core/quantity';
import { EMPTY_STATE } from '../../src/core/rollup';
import { BOUNDARY, DAY, HOUR, METERS, segmentOf, START } from './any-contribution';

const iso = (at: number): string => new Date(at).toISOString().slice(5, 16);
const of = (aggregation: Aggregation) => METERS.find((each) => each.aggregation === aggregation)!;

describe('the window of an instant', () => {
  it.each([
    ['01-01T00:00', '01-01T00:00', '01-01T01:00', '01-01T00:00', '01-02T00:00'],
    ['01-01T00:59', '01-01T00:00', '01-01T01:00', '01-01T00:00', '01-02T00:00'],
    ['01-01T23:59', '01-01T23:00', '01-02T00:00', '01-01T00:00', '01-02T00:00'],
    ['01-02T18:00', '01-02T18:00', '01-02T18:30', '01-02T00:00', '01-02T18:30'],
    ['01-02T18:29', '01-02T18:00', '01-02T18:30', '01-02T00:00', '01-02T18:30'],
    ['01-02T18:30', '01-02T18:30', '01-02T19:00', '01-02T18:30', '01-03T00:00'],
    ['01-02T19:00', '01-02T19:00', '01-02T20:00', '01-02T18:30', '01-03T00:00'],
    ['01-03T12:00', '01-03T12:00', '01-03T13:00', '01-03T00:00', '01-04T00:00'],
  ])('%s: the hour is cut where the month ends, and so is the day', (at, ...expected) => {
    const ms = Date.parse(`2024-${at}:00Z`);
    const cells = [segmentCell(ms, segmentOf(ms), 'hour'), segmentCell(ms, segmentOf(ms), 'day')];
    expect(cells.flatMap(({ from, to }) => [iso(from), iso(to)])).toEqual(expected);
  });

  it('may be cut on both sides', () => {
    const segment = { from: START + 10_000, to: START + 20_000 };
    expect(segmentCell(START + 15_000, segment, 'hour')).toEqual(segment);
    expect(segmentCell(START + 15_000, segment, 'day')).toEqual(segment);
  });
});

/** An event of account 1 at an instant, with one reading. */
function placed(at: number, reading: Reading, overrides: Partial<Placed> = {}): Placed {
  return { bucket: 0, accountId: 1, key: 'a', at, segment: segmentOf(at), readings: [reading], ...overrides };
}

const adds = (aggregation: Aggregation, value: number, dims = ''): Reading => ({
  kind: 'add',
  meter: of(aggregation),
  dims,
  value: quantity(BigInt(value) * ONE),
});

/** A row as `from–to dims: sum ÷ count`. */
const shown = ({ from, to, dims, state }: Sum): string =>
  `${iso(from)}–${iso(to)} ${dims}: ${formatQuantity(state.sum)} in ${state.count}`.replace(' :', ':');

describe('what a group of events adds', () => {
  it('is one counter of the segment and one window of the hour, which knows its day', () => {
    const { counters, windows } = sumContributions([placed(START, adds('sum', 5))]);
    expect(counters.map(shown)).toEqual(['01-01T00:00–01-02T18:30: 5 in 1']);
    expect(windows.map(shown)).toEqual(['01-01T00:00–01-01T01:00: 5 in 1']);
    expect(counters[0]!.day).toBeNull();
    expect(windows[0]!.day).toEqual({ from: START, to: START + DAY });
  });

  it('is two parts when the month ends within the hour', () => {
    const { counters, windows } = sumContributions([
      placed(BOUNDARY - 1, adds('sum', 1)),
      placed(BOUNDARY, adds('sum', 2)),
    ]);
    expect(counters.map(shown)).toEqual([
      '01-01T00:00–01-02T18:30: 1 in 1',
      '01-02T18:30–01-04T00:00: 2 in 1',
    ]);
    expect(windows.map(shown)).toEqual([
      '01-02T18:00–01-02T18:30: 1 in 1',
      '01-02T18:30–01-02T19:00: 2 in 1',
    ]);
  });

  it('with dimensions is counted in total and apart, while windows stand apart only', () => {
    const [eu, us] = ['{"region":"eu"}', '{"region":"us"}'];
    const { counters, windows } = sumContributions([
      placed(START, adds('sum', 1, us)),
      placed(START, adds('sum', 2, eu)),
      placed(START, adds('sum', 4, us)),
    ]);
    expect(counters.map(shown)).toEqual([
      '01-01T00:00–01-02T18:30: 7 in 3',
      `01-01T00:00–01-02T18:30 ${eu}: 2 in 1`,
      `01-01T00:00–01-02T18:30 ${us}: 5 in 2`,
    ]);
    expect(windows.map(shown)).toEqual([
      `01-01T00:00–01-01T01:00 ${eu}: 2 in 1`,
      `01-01T00:00–01-01T01:00 ${us}: 5 in 2`,
    ]);
  });

  it('of distinct values is how often each came', () => {
    const value = (text: string): Reading => ({ kind: 'value', meter: of('unique'), dims: '', value: text });
    const { counters, windows } = sumContributions([
      placed(START, value('ann')),
      placed(START + HOUR, value('bob')),
      placed(START + HOUR, value('ann')),
    ]);
    expect(counters.map(({ values }) => values)).toEqual([
      new Map([
        ['ann', 2],
        ['bob', 1],
      ]),
    ]);
    expect(windows.map(({ values }) => values)).toEqual([
      new Map([['ann', 1]]),
      new Map([
        ['bob', 1],
        ['ann', 1],
      ]),
    ]);
    expect(counters[0]!.state).toEqual(EMPTY_STATE);
  });

  it('of levels is nothing: they are not amounts', () => {
    const level: Reading = { kind: 'level', meter: of('gauge_peak'), dims: '', resource: 'd', value: ONE };
    expect(sumContributions([placed(START, level)])).toEqual({ counters: [], windows: [] });
  });

  it('keeps accounts and meters apart, in the order in which rows are locked', () => {
    const { counters } = sumContributions([
      placed(START, adds('count', 1), { bucket: 1, accountId: 5 }),
      placed(START, adds('count', 1), { bucket: 0, accountId: 10 }),
      placed(BOUNDARY, adds('sum', 1), { bucket: 0, accountId: 9 }),
      placed(START, adds('sum', 1), { bucket: 0, accountId: 9 }),
      placed(START, adds('count', 1), { bucket: 0, accountId: 9 }),
    ]);
    expect(
      counters.map(({ bucket, accountId, meterId, from }) => [bucket, accountId, meterId, from]),
    ).toEqual([
      [0, 9, of('sum').id, START],
      [0, 9, of('sum').id, BOUNDARY],
      [0, 9, of('count').id, START],
      [0, 10, of('count').id, START],
      [1, 5, of('count').id, START],
    ]);
  });
});
