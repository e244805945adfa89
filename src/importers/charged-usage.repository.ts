import type { Account } from '../core/account';
import type { Stretch } from '../core/contribution';
import { parseQuantity, type Quantity } from '../core/quantity';
import type { Sql } from '../platform/transaction';

/** What one meter added up for an account in one UTC day, or in the part of it on one side of a period's boundary. */
export interface MeteredDay extends Stretch {
  readonly meterId: number;
  /** In base units. */
  readonly sum: Quantity;
}

const DAYS_AT_ONCE = 5_000;

/** All values of the dimensions together; in the order of the key, so that a page begins where the one before ended. */
const READ_DAYS = `
  select meter_id, from_at, max(to_at) as to_at, sum(sum) as sum
  from usage_day
  where bucket = $1 and account_id = $2 and (meter_id, from_at) > ($3::int, $4::timestamptz)
    and from_at >= $5 and from_at < $6
  group by meter_id, from_at
  order by meter_id, from_at
  limit ${DAYS_AT_ONCE}`;

/** A level may have been set long before the period in which it still holds. */
const READ_FIRST_USE = `
  select meter_id, min(at) as at
  from (
    select meter_id, segment_from as at from usage_counter where bucket = $1 and account_id = $2 and dims = ''
    union all
    select meter_id, occurred_at from level_change where bucket = $1 and account_id = $2) as used
  group by meter_id
  order by meter_id`;

interface DayRow {
  meter_id: number;
  from_at: Date;
  to_at: Date;
  sum: string;
}

/** The days of an account that begin in a stretch, by meter and time; read a few thousand rows at once. */
export async function* readDays(
  sql: Sql,
  account: Account,
  { from, to }: Stretch,
): AsyncGenerator<MeteredDay> {
  let last: [number, Date] = [0, new Date(0)];
  for (;;) {
    const values = [account.bucket, account.id, ...last, new Date(from), new Date(to)];
    const rows = await sql.query<DayRow>(READ_DAYS, values);
    for (const { meter_id: meterId, from_at, to_at, sum } of rows) {
      yield { meterId, from: from_at.getTime(), to: to_at.getTime(), sum: parseQuantity(sum) };
    }
    const end = rows.at(-1);
    if (end === undefined || rows.length < DAYS_AT_ONCE) return;
    last = [end.meter_id, end.from_at];
  }
}

/** When each meter of an account was first used, in milliseconds, by the meter's number. */
export async function readFirstUse(sql: Sql, account: Account): Promise<ReadonlyMap<number, number>> {
  const rows = await sql.query<{ meter_id: number; at: Date }>(READ_FIRST_USE, [account.bucket, account.id]);
  return new Map(rows.map((row) => [row.meter_id, row.at.getTime()]));
}
