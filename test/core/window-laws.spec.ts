import fc from 'fast-check';
import {
  dayOf,
  queryWindows,
  windowAt,
  windowsOf,
  type Window,
  type WindowSize,
} from '../../src/core/window';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ms = (at: Date) => at.getTime();

/** No gap, no overlap, no empty window, and nothing outside the stretch. */
function expectTiles(windows: readonly Window[], stretch: Window): void {
  expect(windows[0]?.from).toEqual(stretch.from);
  expect(windows.at(-1)?.to).toEqual(stretch.to);
  windows.forEach(({ from, to }, i) => {
    expect(from < to).toBe(true);
    if (i > 0) expect(from).toEqual(windows[i - 1]?.to);
  });
}

const START = Date.UTC(2024, 2, 28);
const anyStretch = fc
  .record({ offset: fc.integer({ min: 0, max: 4 * DAY }), length: fc.integer({ min: 1, max: 3 * DAY }) })
  .map(({ offset, length }): Window => {
    return { from: new Date(START + offset), to: new Date(START + offset + length) };
  });
const anyZone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/St_Johns',
);

describe('laws', () => {
  it('rollup windows tile the stretch, and each is the window of every instant in it', () => {
    const anyCuts = fc.array(fc.integer({ min: 0, max: 7 * DAY }), { maxLength: 4 });
    fc.assert(
      fc.property(anyStretch, anyCuts, (stretch, offsets) => {
        const cuts = offsets.map((offset) => new Date(START + offset));
        const windows = windowsOf(stretch.from, stretch.to, cuts);
        expectTiles(windows, stretch);
        const posts = [stretch.from, ...cuts, stretch.to].map((at) => at.getTime()).sort((a, b) => a - b);
        for (const each of windows) {
          const from = Math.max(...posts.filter((post) => post <= each.from.getTime()));
          const to = Math.min(...posts.filter((post) => post >= each.to.getTime()));
          const segment = { from: new Date(from), to: new Date(to) };
          expect(windowAt(each.from, segment)).toEqual(each);
          expect(windowAt(new Date(each.to.getTime() - 1), segment)).toEqual(each);
          const day = dayOf(each, segment);
          expect(day.from <= each.from && each.to <= day.to).toBe(true);
        }
      }),
    );
  });

  it('query windows tile the stretch, and no hour window is longer than an hour', () => {
    const anySize = fc.constantFrom<WindowSize>('hour', 'day', 'week', 'month', 'total');
    fc.assert(
      fc.property(anyStretch, anySize, anyZone, (stretch, size, timeZone) => {
        const windows = queryWindows({ ...stretch, size, timeZone });
        expectTiles(windows, stretch);
        const lengths = windows.map(({ from, to }) => to.getTime() - from.getTime());
        if (size === 'hour') expect(Math.max(...lengths)).toBeLessThanOrEqual(HOUR);
        if (size === 'day') expect(Math.max(...lengths)).toBeLessThanOrEqual(25 * HOUR);
      }),
    );
  });

  it('splitting a query at any instant adds at most one window', () => {
    fc.assert(
      fc.property(
        anyStretch,
        anyZone,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (stretch, timeZone, share) => {
          const length = stretch.to.getTime() - stretch.from.getTime();
          const at = new Date(stretch.from.getTime() + Math.floor(share * length));
          const starts = (part: Window) =>
            queryWindows({ ...part, size: 'hour', timeZone }).map(({ from }) => ms(from));
          const parts = [...starts({ from: stretch.from, to: at }), ...starts({ from: at, to: stretch.to })];
          const whole = starts(stretch);
          expect(parts.filter((start) => start !== ms(at))).toEqual(
            whole.filter((start) => start !== ms(at)),
          );
        },
      ),
    );
  });
});
