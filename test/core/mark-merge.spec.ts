import fc from 'fast-check';
import { type Placed, type Sum, sumContributions } from '../../src/core/contribution';
import { MarkMerge, type RollupWork } from '../../src/core/mark-merge';
import { formatQuantity, ONE, quantity } from '../../src/core/quantity';
import { EMPTY_STATE, mergeStates } from '../../src/core/rollup';
import { type Mark, markText, parseMarks } from '../../src/core/work-mark';
import { randomOf, shuffled } from '../support/event-mix';
import { anyEvents, DAY, HOUR, inLockOrder } from './any-contribution';

/** An hour of account 1 on the first or second day, with so many units. */
function mark(hour: number, units: number, overrides: Partial<Mark> = {}): Mark {
  const from = hour * HOUR;
  const dayFrom = Math.floor(hour / 24) * DAY;
  return {
    bucket: 0,
    accountId: 1,
    meterId: 1,
    dims: '',
    from,
    to: from + HOUR,
    day: { from: dayFrom, to: dayFrom + DAY },
    state: { ...EMPTY_STATE, sum: quantity(BigInt(units) * ONE), count: 1n },
    values: null,
    refold: false,
    ...overrides,
  };
}

function workOf(...lots: readonly (readonly Mark[])[]): RollupWork {
  const merge = new MarkMerge();
  for (const marks of lots) merge.add(marks);
  return merge.work();
}

/** Rows as `hour: units`. */
const shown = (sums: readonly Sum[]): string[] =>
  sums.map(({ from, state }) => `${from / HOUR}: ${formatQuantity(state.sum)}`);

describe('marks of many groups', () => {
  it('are one sum for each window and one for each day', () => {
    const { windows, days, refolds } = workOf([mark(0, 1), mark(25, 4)], [mark(1, 2), mark(0, 8)]);
    expect(shown(windows)).toEqual(['0: 9', '1: 2', '25: 4']);
    expect(shown(days)).toEqual(['0: 11', '24: 4']);
    expect(days.map(({ from, to, day }) => [from, to, day])).toEqual([
      [0, DAY, null],
      [DAY, 2 * DAY, null],
    ]);
    expect(refolds).toEqual([]);
  });

  it('keep a day apart where the month ends within it', () => {
    const evening = { day: { from: 18 * HOUR, to: DAY } };
    const { days } = workOf([
      mark(0, 1, { day: { from: 0, to: 18 * HOUR } }),
      mark(18, 2, evening),
      mark(19, 4, evening),
    ]);
    expect(shown(days)).toEqual(['0: 1', '18: 6']);
  });

  it('keep accounts, meters and dimensions apart, in lock order', () => {
    const { windows } = workOf([
      mark(0, 1, { bucket: 1, accountId: 4 }),
      mark(0, 2, { dims: '{"region":"us"}' }),
      mark(0, 4, { dims: '{"region":"eu"}' }),
      mark(0, 8, { meterId: 2 }),
    ]);
    expect(shown(windows)).toEqual(['0: 4', '0: 2', '0: 8', '0: 1']);
    expect(inLockOrder(windows)).toBe(true);
  });

  it('count distinct values by how often they came', () => {
    const ann = mark(0, 0, { values: new Map([['ann', 1]]) });
    const both = mark(1, 0, {
      values: new Map([
        ['ann', 2],
        ['bob', -1],
      ]),
    });
    const { days } = workOf([ann], [both]);
    expect(days[0]!.values).toEqual(
      new Map([
        ['ann', 3],
        ['bob', -1],
      ]),
    );
    expect([ann.values, both.values!.get('ann')]).toEqual([new Map([['ann', 1]]), 2]);
  });
});

describe('windows that are folded again', () => {
  it('get nothing added, nor does their day; the others do', () => {
    const again = mark(1, 0, { refold: true });
    for (const lots of [
      [[mark(0, 1), mark(1, 2), mark(25, 4)], [again]],
      [[again], [mark(0, 1), mark(1, 2), mark(25, 4)]],
    ]) {
      const { windows, days, refolds } = workOf(...lots);
      expect(shown(windows)).toEqual(['0: 1', '25: 4']);
      expect(shown(days)).toEqual(['24: 4']);
      expect(refolds).toEqual([again]);
    }
  });

  it('are folded once, however often it was asked for', () => {
    const again = mark(1, 0, { refold: true });
    expect(workOf([again, again], [again]).refolds).toEqual([again]);
  });

  it('are those of one account, meter and dimensions only', () => {
    const other = [mark(1, 1, { accountId: 2 }), mark(1, 2, { meterId: 2 }), mark(1, 4, { dims: '{}' })];
    const { windows, days } = workOf([mark(1, 0, { refold: true }), ...other]);
    expect([shown(windows), shown(days)].map((rows) => rows.length)).toEqual([3, 3]);
  });

  it('are announced', () => {
    const merge = new MarkMerge();
    merge.add([mark(0, 1)]);
    expect(merge.hasRefolds).toBe(false);
    merge.add([mark(0, 1, { refold: true })]);
    expect(merge.hasRefolds).toBe(true);
  });
});

describe('laws of merging', () => {
  /** Cuts events into groups of one to four, each of which leaves its own mark, as text. */
  const marksOf = (events: readonly Placed[], random: () => number): Mark[][] => {
    const groups: Mark[][] = [];
    for (let next = 0; next < events.length;) {
      const size = 1 + Math.floor(random() * 4);
      groups.push(parseMarks(markText(sumContributions(events.slice(next, next + size)).windows)));
      next += size;
    }
    return groups;
  };

  it('however events were grouped and marks ordered, the windows are those of all events at once', () => {
    fc.assert(
      fc.property(anyEvents, fc.nat(), (events, seed) => {
        const random = randomOf(seed);
        const groups = shuffled(marksOf(shuffled(events, random), random), random);
        const { windows, days } = workOf(...groups);
        expect(windows).toEqual(sumContributions(events).windows);
        expect(workOf(groups.flat()).days).toEqual(days);
        expect(inLockOrder(days)).toBe(true);
      }),
    );
  });

  it('a day is the sum of its windows', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const { windows, days } = workOf(parseMarks(markText(sumContributions(events).windows)));
        for (const day of days) {
          const within = windows.filter((window) => isOfDay(window, day));
          expect(within.map(({ state }) => state).reduce(mergeStates, EMPTY_STATE)).toEqual(day.state);
          expect(within.every(({ to }) => to <= day.to)).toBe(true);
        }
        expect(windows.every((window) => days.some((day) => isOfDay(window, day)))).toBe(true);
      }),
    );
  });

  it('merging leaves the marks as they were', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const text = markText(sumContributions(events).windows);
        const marks = parseMarks(text);
        workOf(marks, marks);
        expect(markText(marks)).toBe(text);
      }),
    );
  });

  it('every window is either added to or folded again, and so is every day', () => {
    fc.assert(
      fc.property(anyEvents, fc.nat(), (events, seed) => {
        const random = randomOf(seed);
        const marks = parseMarks(markText(sumContributions(events).windows));
        const chosen = marks.map((each) => ({ ...each, refold: random() < 0.3 }));
        const { windows, days, refolds } = workOf(shuffled(chosen, random));
        expect(refolds).toEqual(chosen.filter(({ refold }) => refold));
        const added = chosen.filter(({ refold }) => !refold);
        expect(windows).toEqual(added.map(({ refold: _refold, ...sum }) => sum));
        for (const window of added) {
          const day = days.find((each) => isOfDay(window, each));
          expect(day === undefined).toBe(refolds.some((again) => isSameDay(again, window)));
        }
        expect(days.some((day) => refolds.some((again) => isOfDay(again, day)))).toBe(false);
      }),
    );
  });
});

const isSameMeter = (a: Sum, b: Sum): boolean =>
  a.accountId === b.accountId && a.meterId === b.meterId && a.dims === b.dims;

const isOfDay = (window: Sum, day: Sum): boolean => isSameMeter(window, day) && window.day!.from === day.from;

const isSameDay = (a: Sum, b: Sum): boolean => isSameMeter(a, b) && a.day!.from === b.day!.from;
