import fc from 'fast-check';
import { type Stretch, segmentCell } from '../../src/core/contribution';
import {
  type Piece,
  type Pieces,
  hourEnd,
  hourStart,
  piecesOf,
  withoutPieces,
} from '../../src/core/window-pieces';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(`2026-${text}Z`);
const stretch = (from: string, to: string): Stretch => ({ from: at(from), to: at(to) });

/** Segments between the posts given, in order. */
const segmentsBetween =
  (posts: readonly number[]) =>
  (instant: number): Stretch => {
    const next = posts.findIndex((post) => post > instant);
    return { from: posts[next - 1]!, to: posts[next]! };
  };
const yearLong = segmentsBetween([at('01-01T00:00'), at('12-31T00:00')]);

const text = (pieces: readonly Piece[]): string[] =>
  pieces.map(({ window, from, to }) =>
    [window, ...[from, to].map((ms) => new Date(ms).toISOString().slice(5, 16))].join(' '),
  );
const named = ({ days, hours, edges }: Pieces) => ({
  days: text(days),
  hours: text(hours),
  edges: text(edges),
});

describe('taking a query window apart', () => {
  it('reads whole UTC days as days and the hours around them as hours', () => {
    const berlinMonth = stretch('02-28T23:00', '03-31T22:00');
    expect(named(piecesOf([berlinMonth], { segmentAt: yearLong }, { days: true }))).toEqual({
      days: ['0 03-01T00:00 03-31T00:00'],
      hours: ['0 02-28T23:00 03-01T00:00', '0 03-31T00:00 03-31T22:00'],
      edges: [],
    });
  });

  it('leaves what cuts through an hour to the events', () => {
    const kolkataDays = [stretch('03-01T18:30', '03-02T18:30'), stretch('03-02T18:30', '03-03T18:30')];
    expect(named(piecesOf(kolkataDays, { segmentAt: yearLong }, { days: true }))).toEqual({
      days: [],
      hours: ['0 03-01T19:00 03-02T18:00', '1 03-02T19:00 03-03T18:00'],
      edges: [
        '0 03-01T18:30 03-01T19:00',
        '0 03-02T18:00 03-02T18:30',
        '1 03-02T18:30 03-02T19:00',
        '1 03-03T18:00 03-03T18:30',
      ],
    });
  });

  it('needs no event where the account itself has a boundary', () => {
    const posts = [at('01-01T00:00'), at('03-01T18:30'), at('03-31T18:30'), at('12-31T00:00')];
    const period = stretch('03-01T18:30', '03-31T18:30');
    expect(named(piecesOf([period], { segmentAt: segmentsBetween(posts) }, { days: true }))).toEqual({
      days: ['0 03-01T18:30 03-31T18:30'],
      hours: [],
      edges: [],
    });
  });

  it('reads the hour of now from its row when nothing lies after now', () => {
    const untilNow = [stretch('03-01T08:00', '03-01T10:20')];
    const cuts = { segmentAt: yearLong, quietFrom: at('03-01T10:20') };
    expect(named(piecesOf(untilNow, cuts, { days: true }))).toEqual({
      days: [],
      hours: ['0 03-01T08:00 03-01T10:20'],
      edges: [],
    });
  });

  it('keeps a window inside of one hour whole', () => {
    const minutes = [stretch('03-01T10:10', '03-01T10:20'), stretch('03-01T10:20', '03-01T11:20')];
    expect(named(piecesOf(minutes, { segmentAt: yearLong }, { days: true }))).toEqual({
      days: [],
      hours: [],
      edges: ['0 03-01T10:10 03-01T10:20', '1 03-01T10:20 03-01T11:20'],
    });
  });

  it('knows where a rollup window begins and ends', () => {
    const segmentAt = segmentsBetween([at('01-01T00:00'), at('03-01T10:30'), at('12-31T00:00')]);
    const ends = (text: string): string[] =>
      [hourStart, hourEnd].map((end) => new Date(end(at(text), { segmentAt })).toISOString().slice(11, 16));
    expect(ends('03-01T10:10')).toEqual(['10:00', '10:30']);
    expect(ends('03-01T10:30')).toEqual(['10:30', '10:30']);
    expect(ends('03-01T10:40')).toEqual(['10:30', '11:00']);
    expect(ends('03-01T11:00')).toEqual(['11:00', '11:00']);
  });

  it('takes hours out of pieces', () => {
    const pieces = [
      { window: 0, ...stretch('03-01T00:00', '03-01T05:00') },
      { window: 1, ...stretch('03-01T05:00', '03-01T07:00') },
    ];
    const taken = [
      { window: 0, ...stretch('03-01T00:00', '03-01T01:00') },
      { window: 0, ...stretch('03-01T02:00', '03-01T03:00') },
      { window: 1, ...stretch('03-01T06:00', '03-01T07:00') },
    ];
    expect(text(withoutPieces(pieces, taken))).toEqual([
      '0 03-01T01:00 03-01T02:00',
      '0 03-01T03:00 03-01T05:00',
      '1 03-01T05:00 03-01T06:00',
    ]);
  });
});

const START = at('03-28T00:00');
const anyCase = fc.record({
  posts: fc.uniqueArray(fc.integer({ min: 1, max: 6 * DAY - 1 }), { maxLength: 4 }),
  cuts: fc.uniqueArray(
    fc.oneof(
      fc.integer({ min: 0, max: 6 * DAY }),
      fc.integer({ min: 0, max: 144 }).map((n) => n * HOUR),
    ),
    { minLength: 2, maxLength: 6 },
  ),
});

describe('laws', () => {
  it('the pieces of a window are the window, and stored rows lie in one piece or in none', () => {
    fc.assert(
      fc.property(anyCase, fc.boolean(), ({ posts, cuts }, days) => {
        const ends = [0, ...posts, 6 * DAY + 1].sort((a, b) => a - b).map((post) => START + post);
        const segmentAt = segmentsBetween(ends);
        const instants = cuts.sort((a, b) => a - b).map((cut) => START + cut);
        const windows = instants.slice(1).map((to, i) => ({ from: instants[i]!, to }));
        const pieces = piecesOf(windows, { segmentAt }, { days });
        const all = [...pieces.days, ...pieces.hours, ...pieces.edges].sort((a, b) => a.from - b.from);
        windows.forEach((window, place) => {
          const mine = all.filter((piece) => piece.window === place);
          expect(mine[0]!.from).toBe(window.from);
          expect(mine.at(-1)!.to).toBe(window.to);
          mine.slice(1).forEach((piece, i) => expect(piece.from).toBe(mine[i]!.to));
        });
        for (const [grain, list] of [
          ['day', pieces.days],
          ['hour', pieces.hours],
        ] as const) {
          for (const { from, to } of list) {
            expect(segmentCell(from, segmentAt(from), grain).from).toBe(from);
            expect(segmentCell(to - 1, segmentAt(to - 1), grain).to).toBe(to);
          }
        }
        if (!days) expect(pieces.days).toEqual([]);
        for (const { from, to } of pieces.edges) expect(to - from).toBeLessThan(2 * HOUR);
      }),
    );
  });
});
