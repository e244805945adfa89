import fc from 'fast-check';
import { type LevelMoves, gaugeFigures } from '../../src/core/gauge-usage';
import { addToWindow, highestPrefix, levelDeltas } from '../../src/core/level';
import { formatQuantity, parseQuantity, quantity, ZERO } from '../../src/core/quantity';
import { fold, integral, peak, type LevelChange } from '../../src/core/span';

const MINUTE = 60_000;
const level = (text: string) => parseQuantity(text);
const plain = ({ integral: sum, peak: highest }: ReturnType<typeof gaugeFigures>[number]) => ({
  integral: formatQuantity(sum),
  peak: formatQuantity(highest),
});

describe('figures of a gauge', () => {
  it('needs nothing but the opening level for quiet windows', () => {
    const windows = [
      { from: 0, to: 1_000 },
      { from: 1_000, to: 4_000 },
    ];
    expect(gaugeFigures(level('2'), windows, new Map()).map(plain)).toEqual([
      { integral: '2000', peak: '2' },
      { integral: '6000', peak: '2' },
    ]);
  });

  it('counts a move to the end of its stretch and its delta from there on', () => {
    // 2 until 100, then 5 until 700, then 1.
    const moves: LevelMoves = {
      from: 0,
      to: 600,
      delta: level('3'),
      moment: level('1500'),
      highest: level('3'),
    };
    const fall: LevelMoves = { from: 600, to: 800, delta: level('-4'), moment: level('-400'), highest: ZERO };
    const inside = new Map([[0, [moves, fall]]]);
    const figures = gaugeFigures(level('2'), [{ from: 0, to: 1_000 }], inside);
    expect(figures.map(plain)).toEqual([{ integral: '3500', peak: '5' }]);
  });

  it('forgets the opening level where a move at the very beginning replaces it', () => {
    const stop: LevelMoves = {
      from: 0,
      to: 60,
      delta: level('-7'),
      moment: level('-420'),
      highest: level('-7'),
    };
    const figures = gaugeFigures(
      level('7'),
      [
        { from: 0, to: 60 },
        { from: 60, to: 90 },
      ],
      new Map([[0, [stop]]]),
    );
    expect(figures.map(plain)).toEqual([
      { integral: '0', peak: '0' },
      { integral: '0', peak: '0' },
    ]);
  });
});

const anyChange = fc.record({
  at: fc.integer({ min: 0, max: 40 }).map((minute) => minute * MINUTE),
  level: fc.integer({ min: 0, max: 3 }).map((units) => quantity(BigInt(units))),
});
const anyHistory = fc.array(fc.array(anyChange, { maxLength: 8 }), { minLength: 1, maxLength: 4 });
const anyPosts = fc.uniqueArray(fc.integer({ min: 5, max: 45 }), { minLength: 2, maxLength: 8 });

describe('laws', () => {
  it('equals a direct fold of the spans, whatever is asked for', () => {
    fc.assert(
      fc.property(anyHistory, anyPosts, anyPosts, (history, cuts, grid) => {
        const resources = history.map((changes) =>
          changes.map((change, i): LevelChange => ({ ...change, eventId: String(i) })),
        );
        const deltas = resources.flatMap(deltasOf);
        const posts = cuts.sort((a, b) => a - b).map((minute) => minute * MINUTE);
        const windows = posts.slice(1).map((to, i) => ({ from: posts[i]!, to }));
        const cells = [...new Set([...posts, ...grid.map((minute) => minute * MINUTE)])].sort(
          (a, b) => a - b,
        );
        const moves = new Map(windows.map((window, place) => [place, movesOf(deltas, cells, window)]));
        const opening = sum(deltas.filter(({ at }) => at < posts[0]!));
        const spans = resources.map((changes) => fold(changes));
        expect(gaugeFigures(opening, windows, moves)).toEqual(
          windows.map(({ from, to }) => ({
            integral: integral(spans.flat(), from, to),
            peak: peak(spans, from, to),
          })),
        );
      }),
    );
  });
});

function deltasOf(changes: readonly LevelChange[]) {
  const ordered = [...changes].sort((a, b) => a.at - b.at || (a.eventId < b.eventId ? -1 : 1));
  return ordered.flatMap((change, i) => {
    const before = ordered[i - 1];
    return levelDeltas(before ? { level: before.level, dims: '' } : null, { ...change, dims: '' }, null);
  });
}

const sum = (deltas: readonly { delta: bigint }[]) =>
  quantity(deltas.reduce((total, { delta }) => total + delta, 0n));

/** What moves in each cell of a window; cells without a delta have no row, as in the database. */
function movesOf(
  deltas: readonly { at: number; delta: ReturnType<typeof quantity> }[],
  cells: readonly number[],
  window: { from: number; to: number },
): LevelMoves[] {
  const inside = cells.filter((cell) => cell >= window.from && cell < window.to);
  return inside.flatMap((from, i) => {
    const cell = { from, to: inside[i + 1] ?? window.to };
    const mine = deltas.filter(({ at }) => at >= cell.from && at < cell.to);
    if (mine.length === 0) return [];
    const moment = quantity(mine.reduce((total, each) => total + addToWindow(cell, each).moment, 0n));
    return [{ ...cell, delta: sum(mine), moment, highest: highestPrefix(mine, cell) }];
  });
}
