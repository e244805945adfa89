import fc from 'fast-check';
import { segmentCell, type Sum, sumContributions } from '../../src/core/contribution';
import { ZERO } from '../../src/core/quantity';
import { EMPTY_STATE, mergeStates } from '../../src/core/rollup';
import { randomOf, shuffled } from '../support/event-mix';
import { anyEvents, DAY, HOUR, inLockOrder, SEGMENTS, segmentOf, START } from './any-contribution';

describe('laws of contributions', () => {
  const anyAt = fc.integer({ min: START, max: START + 3 * DAY - 1 });
  const anySegment = fc
    .tuple(fc.integer({ min: 0, max: 3 * DAY - 1 }), fc.integer({ min: 1, max: 3 * DAY }))
    .map(([from, length]) => ({ from: START + from, to: START + from + length }));

  it('an instant lies in its hour, its hour in its day, and both in the segment', () => {
    fc.assert(
      fc.property(
        anySegment,
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (segment, share) => {
          const at = segment.from + Math.floor(share * (segment.to - segment.from));
          const [hour, day] = [segmentCell(at, segment, 'hour'), segmentCell(at, segment, 'day')];
          expect(hour.from <= at && at < hour.to && hour.to - hour.from <= HOUR).toBe(true);
          expect(day.from <= hour.from && hour.to <= day.to && day.to - day.from <= DAY).toBe(true);
          expect(segment.from <= day.from && day.to <= segment.to).toBe(true);
        },
      ),
    );
  });

  it('all instants of a window have the same window, and the next begins where it ends', () => {
    fc.assert(
      fc.property(anyAt, fc.constantFrom('hour' as const, 'day' as const), (at, length) => {
        const cell = segmentCell(at, segmentOf(at), length);
        expect(segmentCell(cell.from, segmentOf(cell.from), length)).toEqual(cell);
        expect(segmentCell(cell.to - 1, segmentOf(cell.to - 1), length)).toEqual(cell);
        if (cell.to < START + 3 * DAY)
          expect(segmentCell(cell.to, segmentOf(cell.to), length).from).toBe(cell.to);
      }),
    );
  });

  it('the windows of a segment add up to its counter, in total and for each value of the dimensions', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const { counters, windows } = sumContributions(events);
        for (const counter of counters) {
          const within = windows.filter((window) => isWithin(window, counter));
          expect(within.map(({ state }) => state).reduce(mergeStates, EMPTY_STATE)).toEqual(counter.state);
          expect(valuesOf(within)).toEqual(counter.values ?? new Map());
        }
        const totals = counters.filter(({ dims }) => dims === '');
        expect(windows.filter((window) => !totals.some((total) => isWithin(window, total)))).toEqual([]);
      }),
    );
  });

  it('the order of events changes nothing, and rows stand in lock order, none twice', () => {
    fc.assert(
      fc.property(anyEvents, fc.nat(), (events, seed) => {
        const sums = sumContributions(events);
        expect(sumContributions(shuffled(events, randomOf(seed)))).toEqual(sums);
        expect(inLockOrder(sums.counters) && inLockOrder(sums.windows)).toBe(true);
        expect(sums.counters.every(({ from }) => SEGMENTS.some((segment) => segment.from === from))).toBe(
          true,
        );
      }),
    );
  });

  it('what is taken away again leaves no amount, no count and no value', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const [added, taken] = [sumContributions(events), sumContributions(events, -1n)];
        for (const grain of ['counters', 'windows'] as const) {
          const names = (sums: readonly Sum[]) =>
            sums.map(({ state: _state, values: _values, ...name }) => name);
          expect(names(taken[grain])).toEqual(names(added[grain]));
          added[grain].forEach((sum, i) => {
            const { sum: amount, count } = mergeStates(sum.state, taken[grain][i]!.state);
            expect([amount, count]).toEqual([ZERO, 0n]);
            expect([...valuesOf([sum, taken[grain][i]!]).values()].every((refs) => refs === 0)).toBe(true);
          });
        }
      }),
    );
  });

  it('taking away never claims a smallest, a largest or a latest', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const { counters, windows } = sumContributions(events, -1n);
        for (const { state } of [...counters, ...windows])
          expect([state.min, state.max, state.last]).toEqual([null, null, null]);
      }),
    );
  });

  it('what two groups add is what one group of all would have added', () => {
    fc.assert(
      fc.property(anyEvents, fc.nat(12), (events, cut) => {
        const parts = [sumContributions(events.slice(0, cut)), sumContributions(events.slice(cut))];
        const whole = sumContributions(events);
        for (const counter of whole.counters) {
          const same = parts.flatMap(({ counters }) => counters.filter((each) => isSameRow(each, counter)));
          expect(same.map(({ state }) => state).reduce(mergeStates, EMPTY_STATE)).toEqual(counter.state);
          expect(valuesOf(same)).toEqual(counter.values ?? new Map());
        }
      }),
    );
  });
});

function isWithin(window: Sum, counter: Sum): boolean {
  return (
    window.accountId === counter.accountId &&
    window.meterId === counter.meterId &&
    counter.from <= window.from &&
    window.to <= counter.to &&
    (counter.dims === '' || counter.dims === window.dims)
  );
}

function isSameRow(a: Sum, b: Sum): boolean {
  return a.accountId === b.accountId && a.meterId === b.meterId && a.from === b.from && a.dims === b.dims;
}

function valuesOf(sums: readonly Sum[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const { values } of sums)
    for (const [value, refs] of values ?? []) all.set(value, (all.get(value) ?? 0) + refs);
  return all;
}
