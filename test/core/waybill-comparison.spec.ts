import type { MonthUsage } from '../../src/core/project-usage';
import { quantity } from '../../src/core/quantity';
import { ratio } from '../../src/core/ratio';
import { calendarMonth, compareUsage } from '../../src/core/waybill-comparison';

const APRIL = Date.UTC(2026, 3, 1);
const ours = (units: bigint): MonthUsage => ({
  ...{ from: APRIL, to: Date.UTC(2026, 4, 1), meter: 'build_minutes' },
  ...{ stored: quantity(units), divideBy: ratio(1n) },
});
const theirs = (sum: string, hours: number) => ({ month: '2026-04', metric: 'build_minutes', sum, hours });

describe('sums of the original against ours', () => {
  it.each([
    // Each hour was rounded to a millionth: half of one is what it may be off.
    ['as far apart as the rounding', theirs('1', 1), 10n ** 15n + 5n * 10n ** 8n, true],
    ['further apart', theirs('1', 1), 10n ** 15n + 5n * 10n ** 8n + 1n, false],
    ['further apart, but over two hours', theirs('1', 2), 10n ** 15n + 5n * 10n ** 8n + 1n, true],
  ])('%s', (_, sum, stored, isSame) => {
    expect(compareUsage([sum], [ours(stored)])).toMatchObject([{ month: '2026-04', isSame }]);
  });

  it('what only one side has differs', () => {
    expect(compareUsage([theirs('1', 1)], [])).toMatchObject([{ isSame: false }]);
    expect(compareUsage([], [ours(1n)])).toMatchObject([{ isSame: false }]);
  });
});

describe('the month of a billing record', () => {
  const april = { from: APRIL, to: Date.UTC(2026, 4, 1) };
  it.each([
    ['2026-04-01', '2026-04-30', april],
    ['2026-04-01', '2026-05-01', april],
    ['2026-04-01', '2026-04-29', null],
    ['2026-04-15', '2026-05-15', null],
    ['2026-04-01', '2026-06-01', null],
    ['2026-04-01', 'infinity', null],
    ['2026-02-30', '2026-03-01', null],
  ])('%s to %s', (start, end, month) => expect(calendarMonth(start, end)).toEqual(month));
});
