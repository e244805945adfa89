import { DAY } from './rules';

/** The n-th boundary of a subscription, counted from its anchor, so that the 31st comes back after February. Unix seconds. */
export function boundary(
  anchor: number,
  every: { interval: string; interval_count: number },
  n: number,
): number {
  const count = every.interval_count * n;
  if (every.interval === 'day') return anchor + count * DAY;
  if (every.interval === 'week') return anchor + count * 7 * DAY;
  const start = new Date(anchor * 1000);
  const month = start.getUTCMonth() + (every.interval === 'year' ? 12 * count : count);
  const lastDay = new Date(Date.UTC(start.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const day = Date.UTC(start.getUTCFullYear(), month, Math.min(start.getUTCDate(), lastDay));
  return day / 1000 + (anchor % DAY);
}
