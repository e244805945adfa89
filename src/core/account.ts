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
