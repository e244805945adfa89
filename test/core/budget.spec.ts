import {
  type BudgetPeriod,
  budgetPeriodAt,
  crossedThresholds,
  isThrottling,
  percentSpent,
  thresholdsOf,
} from '../../src/core/budget';

describe('thresholds', () => {
  it.each<[string, number[], number[]]>([
    ['W-65: none', [], [50, 80, 100]],
    ['W-66: in any order, twice', [100, 50, 100, 80], [50, 80, 100]],
    ['from 1 to 500', [0, -1, 501, 500, 1], [1, 500]],
    ['nothing that counts', [0, 501], [50, 80, 100]],
  ])('%s', (_case, wanted, expected) => expect(thresholdsOf(wanted)).toEqual(expected));
});

describe('the period of a budget', () => {
  it.each<[string, BudgetPeriod, string, string, string]>([
    ['W-67', 'monthly', '2026-04-17T12:00:00Z', '2026-04-01', '2026-05-01'],
    ['W-68', 'quarterly', '2026-05-15T00:00:00Z', '2026-04-01', '2026-07-01'],
    ['a Monday begins it', 'weekly', '2026-04-13T00:00:00Z', '2026-04-13', '2026-04-20'],
    ['a Sunday ends it', 'weekly', '2026-04-12T23:59:59.999Z', '2026-04-06', '2026-04-13'],
    ['it may span years', 'weekly', '2026-01-01T00:00:00Z', '2025-12-29', '2026-01-05'],
    ['the last quarter', 'quarterly', '2026-12-31T23:59:59.999Z', '2026-10-01', '2027-01-01'],
  ])('%s: %s', (...[, period, at, from, to]) => {
    const found = budgetPeriodAt(period, new Date(at));
    expect([found.from, found.to].map((ms) => new Date(ms).toISOString())).toEqual([
      `${from}T00:00:00.000Z`,
      `${to}T00:00:00.000Z`,
    ]);
  });
});

describe('how much is spent', () => {
  it.each<[string, bigint, bigint, number, number[]]>([
    ['W-69', 4_900n, 10_000n, 49, []],
    ['W-70', 5_100n, 10_000n, 51, [50]],
    ['W-72', 7_990n, 10_000n, 79, [50]],
    ['to the cent', 8_000n, 10_000n, 80, [50, 80]],
    ['all of it', 10_000n, 10_000n, 100, [50, 80, 100]],
    ['nothing', 0n, 10_000n, 0, []],
    ['a hundred times', 10n ** 20n, 1n, 10_000, [50, 80, 100]],
    ['of nothing', 5n, 0n, 0, []],
  ])('%s', (...[, spent, budget, percent, crossed]) => {
    expect(percentSpent(spent, budget)).toBe(percent);
    expect(crossedThresholds([50, 80, 100], percent)).toEqual(crossed);
  });

  it.each<[string, boolean, number[], number, boolean]>([
    ['all of it', true, [50, 100], 100, true],
    ['not all of it', true, [50, 100], 99, false],
    ['where nobody asked for it', false, [50, 100], 200, false],
    ['where no threshold says that it is spent', true, [50, 80], 200, false],
    ['at its own threshold', true, [50, 150], 149, false],
    ['above its own threshold', true, [50, 150], 151, true],
  ])('throttles: %s', (...[, hardThrottle, thresholds, percent, expected]) => {
    expect(isThrottling({ hardThrottle, thresholds }, percent)).toBe(expected);
  });
});
