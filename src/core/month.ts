import { DEFAULT_CALENDAR } from './account';
import type { Stretch } from './contribution';
import { periodAt } from './period';

/**
 * The running calendar month (UTC) up to `now`, which is empty at its first instant, and the whole ones before it: so many
 * in all, the newest first.
 */
export function monthsUntil(now: Date, count: number): Stretch[] {
  const running = periodAt(DEFAULT_CALENDAR, now);
  const months: Stretch[] = [{ from: running.from.getTime(), to: now.getTime() }];
  while (months.length < count) {
    const to = months.at(-1)!.from;
    months.push({ from: periodAt(DEFAULT_CALENDAR, new Date(to - 1)).from.getTime(), to });
  }
  return months;
}
