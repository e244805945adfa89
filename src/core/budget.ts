import type { Stretch } from './contribution';
import { doubleOfRatio } from './double';
import { type Calendar, periodAt } from './period';
import { ratio } from './ratio';

export const BUDGET_PERIODS = ['monthly', 'weekly', 'quarterly'] as const;
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number];

const EPOCH = new Date('1970-01-01T00:00:00Z');
const FIRST_MONDAY = new Date('1970-01-05T00:00:00Z');
const CALENDARS: Readonly<Record<BudgetPeriod, Calendar>> = {
  monthly: { anchor: EPOCH, interval: 'month', count: 1, timeZone: 'UTC' },
  weekly: { anchor: FIRST_MONDAY, interval: 'week', count: 1, timeZone: 'UTC' },
  quarterly: { anchor: EPOCH, interval: 'month', count: 3, timeZone: 'UTC' },
};

const DEFAULT_THRESHOLDS: readonly number[] = [50, 80, 100];
const THRESHOLD_MAX = 500;
const PERCENT_MAX = 10_000n;
/** From here on a threshold says that the budget is spent. */
const SPENT = 100;

/** The calendar month, the week from Monday or the calendar quarter, UTC, that holds the instant. */
export function budgetPeriodAt(period: BudgetPeriod, at: Date): Stretch {
  const { from, to } = periodAt(CALENDARS[period], at);
  return { from: from.getTime(), to: to.getTime() };
}

/** Percentages from 1 to 500, each once, the smallest first; when none is left, 50, 80 and 100. */
export function thresholdsOf(wanted: readonly number[]): number[] {
  const kept = wanted.filter((threshold) => threshold >= 1 && threshold <= THRESHOLD_MAX);
  const sorted = [...new Set(kept)].sort((a, b) => a - b);
  return sorted.length > 0 ? sorted : [...DEFAULT_THRESHOLDS];
}

/** How much of a budget is spent, in whole percents rounded down, at most 10,000; both amounts in cents. */
export function percentSpent(spentCents: bigint, budgetCents: bigint): number {
  if (budgetCents <= 0n || spentCents <= 0n) return 0;
  const percent = (spentCents * 100n) / budgetCents;
  return doubleOfRatio(ratio(percent > PERCENT_MAX ? PERCENT_MAX : percent));
}

/** The thresholds that are reached. */
export function crossedThresholds(thresholds: readonly number[], percent: number): number[] {
  return thresholds.filter((threshold) => percent >= threshold);
}

/** Whether a project is to be slowed down: its budget asks for it, and a threshold of 100 or more is reached. */
export function isThrottling(
  { hardThrottle, thresholds }: { readonly hardThrottle: boolean; readonly thresholds: readonly number[] },
  percent: number,
): boolean {
  return hardThrottle && crossedThresholds(thresholds, percent).some((threshold) => threshold >= SPENT);
}
