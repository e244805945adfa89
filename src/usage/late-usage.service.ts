import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { Stretch } from '../core/contribution';
import { plainArray } from '../platform/array-literal';
import type { Sql } from '../platform/transaction';

/** A period of an account in which something was counted after its end. */
export interface LatePeriod {
  readonly bucket: number;
  readonly accountId: number;
  /** Milliseconds since 1970. */
  readonly from: number;
}

const AT = (ms: string): string => `timestamptz 'epoch' + ${ms} * interval '1 millisecond'`;

/**
 * Appended, never upserted: a mark that is being taken must not swallow one that is being made (decision A4). Accounts that
 * never had a plan owe nothing for any period, so that imports of old usage leave no marks.
 */
const MARK_LATE_USAGE = `
  insert into late_usage (bucket, account_id, period_from)
  select l.bucket, l.account_id, ${AT('l.from_ms')}
  from unnest($1::smallint[], $2::bigint[], $3::bigint[]) as l(bucket, account_id, from_ms)
  where exists (select from terms t
    where t.bucket = l.bucket and t.account_id = l.account_id and t.plan_version_id is not null)`;

const TAKE_LATE_USAGE = `
  delete from late_usage where bucket = $1 and account_id = any($2::bigint[])
  returning account_id, (extract(epoch from period_from) * 1000)::bigint as from_ms`;

/** The periods of events that came after their end. */
export function latePeriods(events: readonly LateEvent[]): LatePeriod[] {
  return events
    .filter(({ isLate }) => isLate)
    .map(({ bucket, accountId, segment }) => ({ bucket, accountId, from: segment.from }));
}

interface LateEvent {
  readonly bucket: number;
  readonly accountId: number;
  readonly segment: Stretch;
  readonly isLate: boolean;
}

/** Which closed periods have to be rated again, because what was counted in them changed. */
@Injectable()
export class LateUsage {
  /** Marks periods, each once, in the transaction that changes their counters. */
  async mark(sql: Sql, periods: readonly LatePeriod[]): Promise<void> {
    const distinct = new Map(periods.map((each) => [`${each.accountId} ${each.from}`, each]));
    const rows = [...distinct.values()];
    if (rows.length === 0) return;
    await sql.query(MARK_LATE_USAGE, [
      plainArray(rows, ({ bucket }) => bucket),
      plainArray(rows, ({ accountId }) => accountId),
      plainArray(rows, ({ from }) => from),
    ]);
  }

  /** Takes the marks of accounts of one bucket; their counters are to be read in a later statement of the same transaction. */
  async take(sql: Sql, bucket: number, accountIds: readonly number[]): Promise<Map<number, Set<number>>> {
    const rows = await sql.query<{ account_id: string; from_ms: string }>(TAKE_LATE_USAGE, [
      bucket,
      accountIds,
    ]);
    const periods = new Map<number, Set<number>>();
    for (const { account_id, from_ms } of rows) {
      const id = Number(account_id);
      periods.set(id, (periods.get(id) ?? new Set()).add(Number(from_ms)));
    }
    return periods;
  }

  /** The marks of one account, left where they are. */
  async peek(sql: Sql, { bucket, id }: AccountRef): Promise<Set<number>> {
    const rows = await sql.query<{ from_ms: string }>(PEEK_LATE_USAGE, [bucket, id]);
    return new Set(rows.map(({ from_ms }) => Number(from_ms)));
  }
}

const PEEK_LATE_USAGE = `
  select (extract(epoch from period_from) * 1000)::bigint as from_ms from late_usage
  where bucket = $1 and account_id = $2`;
