import type { AccountKey } from './account-key';
import type { Calendar } from './period';

/** An account as every module sees it: its number, its bucket and the calendar of its terms in force. */
export interface Account {
  readonly id: number;
  readonly bucket: number;
  readonly key: AccountKey;
  readonly name: string | null;
  readonly calendar: Calendar;
  readonly createdAt: Date;
  /** From when on it uses nothing more; null = it is open, as far as the reader knew. */
  readonly closedAt: Date | null;
}

/** What names an account's rows in every table. */
export type AccountRef = Pick<Account, 'id' | 'bucket'>;

/** The calendar of an account nobody said anything about: calendar months, UTC. */
export const DEFAULT_CALENDAR: Calendar = {
  anchor: new Date('1970-01-01T00:00:00Z'),
  interval: 'month',
  count: 1,
  timeZone: 'UTC',
};

/** The plan that accounts of a scheme begin with, by its key; all others begin with none (design row 36). */
export const DEFAULT_PLANS: Readonly<Record<string, string>> = { org: 'free' };
