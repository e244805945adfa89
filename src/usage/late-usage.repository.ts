import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { plainArray } from '../platform/array-literal';
import { INSTANT_OF, MS_OF } from '../platform/sql-instant';
import type { Sql } from '../platform/transaction';

/** A period of an account in which something was counted after its end. */
export interface LatePeriod {
  readonly bucket: number;
  readonly accountId: number;
  /** Milliseconds since 1970. */
  readonly from: number;
}

/**
 * Appended, never upserted: a mark that is being taken must not swallow one that is being made (decision A4). Accounts that
 * never had a plan owe nothing for any period, so that imports of old usage leave no marks.
 */
const MARK_LATE_USAGE = `
  insert into late_usage (bucket, account_id, period_from)
  select l.bucket, l.account_id, ${INSTANT_OF('l.from_ms')}
  from unnest($1::smallint[], $2::bigint[], $3::bigint[]) as l(bucket, account_id, from_ms)
  where exists (select from terms t
    where t.bucket = l.bucket and t.account_id = l.account_id and t.plan_version_id is not null)`;

const TAKE_LATE_USAGE = `
  delete from late_usage where bucket = $1 and account_id = any($2::bigint[])
  returning account_id, ${MS_OF('period_from')} as from_ms`;

const PEEK_LATE_USAGE = `
  select account_id, ${MS_OF('period_from')} as from_ms from late_usage where bucket = $1 and account_id = $2`;

interface MarkRow {
  account_id: string;
  from_ms: string;
}

/** The rows of `late_usage`; every method runs inside the caller's transaction. */
@Injectable()
export class LateUsageRepository {
  async mark(sql: Sql, periods: readonly LatePeriod[]): Promise<void> {
    await sql.query(MARK_LATE_USAGE, [
      plainArray(periods, ({ bucket }) => bucket),
      plainArray(periods, ({ accountId }) => accountId),
      plainArray(periods, ({ from }) => from),
    ]);
  }

  /** Of accounts of a bucket, by their ids; the marks are gone. */
  async take(sql: Sql, bucket: number, accountIds: readonly number[]): Promise<Map<number, Set<number>>> {
    const periods = new Map<number, Set<number>>();
    for (const row of await sql.query<MarkRow>(TAKE_LATE_USAGE, [bucket, accountIds])) {
      const id = Number(row.account_id);
      periods.set(id, (periods.get(id) ?? new Set()).add(Number(row.from_ms)));
    }
    return periods;
  }

  async peek(sql: Sql, { bucket, id }: AccountRef): Promise<Set<number>> {
    const rows = await sql.query<MarkRow>(PEEK_LATE_USAGE, [bucket, id]);
    return new Set(rows.map(({ from_ms }) => Number(from_ms)));
  }
}
