import fc from 'fast-check';
import { type Sum, sumContributions } from '../../src/core/contribution';
import { quantity } from '../../src/core/quantity';
import { markText, parseMarks } from '../../src/core/work-mark';
import { anyEvents } from './any-contribution';

const KEY = '018bcfe5-6800-0123-4567-89abcdef0123';

/** One hour of account 7: two readings, 1.5 in all. */
const window: Sum = {
  bucket: 3,
  accountId: 7,
  meterId: 2,
  dims: '',
  from: 3_600_000,
  to: 7_200_000,
  day: { from: 0, to: 86_400_000 },
  state: { sum: quantity(15n * 10n ** 14n), count: 2n, min: null, max: null, last: null },
  values: null,
};

describe('a work mark as text', () => {
  it('is one compact row: place, times, figures in grains of 10^-15', () => {
    expect(markText([window])).toBe(
      '[[3,7,2,"",3600000,7200000,0,86400000,0,"1500000000000000","2",null,null,null,null]]',
    );
  });

  it('says that a window is to be folded again', () => {
    expect(markText([window], true)).toContain('86400000,1,');
    expect(parseMarks(markText([window], true))).toEqual([{ ...window, refold: true }]);
  });

  it('carries extremes, the latest reading and distinct values', () => {
    const [least, most] = [quantity(-1n), quantity(10n ** 30n)];
    const full: Sum = {
      ...window,
      dims: '{"region":"say \\"hi\\""}',
      state: { ...window.state, min: least, max: most, last: { at: 3_600_001, key: KEY, value: most } },
      values: new Map([
        ['ann', 2],
        ['__proto__', 1],
        ['bob', -1],
        ['10', 1],
        ['two\nlines', 1],
      ]),
    };
    expect(parseMarks(markText([full, window]))).toEqual([
      { ...full, refold: false },
      { ...window, refold: false },
    ]);
  });

  it('of nothing is an empty list', () => {
    expect(markText([])).toBe('[]');
    expect(parseMarks('[]')).toEqual([]);
  });
});

describe('laws of work marks', () => {
  it('what was written is read again, grain by grain and value by value', () => {
    fc.assert(
      fc.property(
        anyEvents,
        fc.constantFrom(1n as const, -1n as const),
        fc.boolean(),
        (events, sign, refold) => {
          const { windows } = sumContributions(events, sign);
          const text = markText(windows, refold);
          const marks = parseMarks(text);
          expect(marks).toEqual(windows.map((each) => ({ ...each, refold })));
          marks.forEach(({ values }, i) => {
            expect([...(values ?? [])].sort()).toEqual([...(windows[i]!.values ?? [])].sort());
          });
        },
      ),
    );
  });

  it('the text is one line of what every database can store', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const text = markText(sumContributions(events).windows);
        expect([...text].every((character) => character >= ' ')).toBe(true);
        expect(text).toMatch(/^\P{Cs}*$/u);
      }),
    );
  });
});
