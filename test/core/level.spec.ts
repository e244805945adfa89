import {
  addToWindow,
  highestPrefix,
  levelDeltas,
  usageUntil,
  windowPeak,
  windowUsage,
  withoutDeltas,
  type LevelDelta,
  type LevelState,
  type LevelWindow,
  type StateChange,
  type WindowRow,
} from '../../src/core/level';
import { formatQuantity, parseQuantity, ZERO } from '../../src/core/quantity';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function clock(text: string): number {
  const [hours, minutes] = text.split(':');
  return Number(hours) * HOUR + Number(minutes) * MINUTE;
}

const state = (level: string, dims = 'eu'): LevelState => ({ level: parseQuantity(level), dims });
const at = (time: string) => ({ at: clock(time) });
const readable = (deltas: LevelDelta[]) =>
  deltas.map((each) => `${each.at / HOUR}h ${each.dims} ${formatQuantity(each.delta)}`);

interface Neighbours {
  readonly previous: LevelState | null;
  readonly next: { readonly at: number } | null;
}

describe('what a change between its neighbours adds', () => {
  const first = { previous: null, next: null };
  const after = (previous: LevelState) => ({ previous, next: null });
  const between = (previous: LevelState | null, next: string) => ({ previous, next: at(next) });

  it.each<{ name: string; change: StateChange; beside: Neighbours; adds: string[] }>([
    { name: 'the first one', change: { ...state('4'), ...at('10:00') }, beside: first, adds: ['10h eu 4'] },
    {
      name: 'the last one',
      change: { ...state('0'), ...at('12:00') },
      beside: after(state('4')),
      adds: ['12h eu -4'],
    },
    {
      name: 'a scale-up',
      change: { ...state('3'), ...at('12:00') },
      beside: after(state('1')),
      adds: ['12h eu 2'],
    },
    {
      name: 'a late scale-up gives back at the next change',
      change: { ...state('3'), ...at('12:00') },
      beside: between(state('1'), '15:00'),
      adds: ['12h eu 2', '15h eu -2'],
    },
    {
      name: 'a late start before a stop',
      change: { ...state('4'), ...at('10:00') },
      beside: between(null, '12:00'),
      adds: ['10h eu 4', '12h eu -4'],
    },
    {
      name: 'the same level again',
      change: { ...state('4'), ...at('11:00') },
      beside: between(state('4'), '12:00'),
      adds: [],
    },
    {
      name: 'a move',
      change: { ...state('4', 'us'), ...at('11:00') },
      beside: after(state('4')),
      adds: ['11h eu -4', '11h us 4'],
    },
    {
      name: 'a late move with a scale-up',
      change: { ...state('5', 'us'), ...at('11:00') },
      beside: between(state('4'), '12:00'),
      adds: ['11h eu -4', '11h us 5', '12h us -5', '12h eu 4'],
    },
    {
      name: 'a stop that names other dims',
      change: { ...state('0', ''), ...at('11:00') },
      beside: after(state('4')),
      adds: ['11h eu -4'],
    },
    { name: 'a stop without a start', change: { ...state('0'), ...at('11:00') }, beside: first, adds: [] },
    {
      name: 'a successor at the same instant',
      change: { ...state('3'), ...at('12:00') },
      beside: between(state('1'), '12:00'),
      adds: [],
    },
  ])('$name', ({ change, beside, adds }) => {
    const deltas = levelDeltas(beside.previous, change, beside.next);
    expect(readable(deltas)).toEqual(adds);
    const undone = withoutDeltas(beside.previous, change, beside.next);
    expect(undone).toEqual(deltas.map((each) => ({ ...each, delta: -each.delta })));
  });
});

describe('a window', () => {
  const hour = (n: number): LevelWindow => ({ from: n * HOUR, to: (n + 1) * HOUR });
  const row = (delta: string, moment: string): WindowRow => ({
    delta: parseQuantity(delta),
    moment: parseQuantity(moment),
  });
  const quiet = row('0', '0');

  it('keeps a delta and its rest of the window', () => {
    const add = (time: string, delta: string) =>
      addToWindow(hour(10), { ...at(time), delta: parseQuantity(delta) });
    expect(add('10:00', '4')).toEqual(row('4', '14400000'));
    expect(add('10:10', '4')).toEqual(row('4', '12000000'));
    expect(add('10:40', '-4')).toEqual(row('-4', '-4800000'));
    expect(() => add('11:00', '4')).toThrow(RangeError);
    expect(() => add('09:59', '4')).toThrow(RangeError);
  });

  it.each<{ name: string; opening: string; stored: WindowRow; n: number; usage: string }>([
    {
      name: 'W-12 hour 10: 10:10 up 4, 10:40 down 4',
      opening: '0',
      stored: row('0', '7200000'),
      n: 10,
      usage: '7200000',
    },
    {
      name: 'W-20 hour 10: 10:10 up 4',
      opening: '0',
      stored: row('4', '12000000'),
      n: 10,
      usage: '12000000',
    },
    { name: 'W-20 hour 11: nothing happens', opening: '4', stored: quiet, n: 11, usage: '14400000' },
    {
      name: 'W-20 hour 12: 12:40 down 4',
      opening: '4',
      stored: row('-4', '-4800000'),
      n: 12,
      usage: '9600000',
    },
    { name: 'W-20 hour 13: nothing is left', opening: '0', stored: quiet, n: 13, usage: '0' },
    { name: 'W-21 hour 11: 11:30 up 2', opening: '1', stored: row('2', '3600000'), n: 11, usage: '7200000' },
    {
      name: 'W-23 hour 10: 10:55 up 10',
      opening: '0',
      stored: row('10', '3000000'),
      n: 10,
      usage: '3000000',
    },
    { name: 'W-23 hour 11: nothing happens', opening: '10', stored: quiet, n: 11, usage: '36000000' },
  ])('$name', ({ opening, stored, n, usage }) => {
    expect(formatQuantity(windowUsage(parseQuantity(opening), stored, hour(n)))).toBe(usage);
  });

  it.each<[string, string]>([
    ['09:30', '0'],
    ['10:00', '0'],
    ['10:40', '7200000'],
    ['11:00', '12000000'],
    ['12:00', '12000000'],
  ])('W-20 hour 10 until %s', (time, expected) => {
    const usage = usageUntil(ZERO, row('4', '12000000'), {
      ...hour(10),
      now: Math.max(clock(time), clock('10:00')),
    });
    expect(formatQuantity(usage)).toBe(expected);
  });

  it('runs on at its opening when nothing happens in it', () => {
    const usage = usageUntil(parseQuantity('4'), quiet, { ...hour(11), now: clock('11:15') });
    expect(formatQuantity(usage)).toBe('3600000');
  });

  it.each<[string, [string, string][], string]>([
    ['nothing happens', [], '0'],
    [
      'up and down again',
      [
        ['10:10', '4'],
        ['10:40', '-4'],
      ],
      '4',
    ],
    [
      'down, then less up',
      [
        ['10:10', '-4'],
        ['10:40', '3'],
      ],
      '0',
    ],
    [
      'one stops as another starts',
      [
        ['10:30', '2'],
        ['10:30', '-2'],
        ['10:40', '-1'],
      ],
      '0',
    ],
    [
      'a drop at the very beginning',
      [
        ['10:00', '-4'],
        ['10:40', '3'],
      ],
      '-1',
    ],
    [
      'told in another order',
      [
        ['10:40', '-4'],
        ['10:10', '4'],
        ['10:20', '1'],
      ],
      '5',
    ],
  ])('highest prefix: %s', (_, deltas, expected) => {
    const given = deltas.map(([time, delta]) => ({ ...at(time), delta: parseQuantity(delta) }));
    expect(formatQuantity(highestPrefix(given, hour(10)))).toBe(expected);
  });

  it('peaks at its opening when nothing happens in it', () => {
    expect(windowPeak(parseQuantity('4'), null)).toBe(parseQuantity('4'));
    expect(windowPeak(parseQuantity('4'), parseQuantity('-1'))).toBe(parseQuantity('3'));
  });
});
