import { Injectable } from '@nestjs/common';
import { type Quantity, fullDecimal, parseQuantity } from '../core/quantity';
import type { RunClock } from '../platform/account-clock';
import { plainArray } from '../platform/array-literal';
import { INSTANT_OF, MS_OF } from '../platform/sql-instant';
import { Database, type Sql } from '../platform/transaction';

/** What the drafts of an account cost as of `at` (milliseconds since 1970), and how many of them run. */
export interface Accrual {
  readonly accountId: number;
  readonly at: number;
  readonly amount: Quantity;
  readonly running: number;
}

/** Whoever computes money holds these rows until it is stored (decision A2); of other clocks' accounts none is answered. */
const LOCK_ACCOUNTS_IN_ORDER = `
  select id, ${MS_OF('closed_at')} as closed_ms from account
  where id = any($2::bigint[]) and bucket = $1 and test_clock_id is not distinct from $3::uuid
  order by id for no key update`;

const READ_ACCRUALS = `
  select account_id, ${MS_OF('accrued_at')} as at_ms, amount, running from span_accrual
  where bucket = $1 and account_id = any($2::bigint[])`;

const FIND_RUNNING_BUCKETS = `
  select b.bucket from generate_series(0, 63) as b(bucket)
  where exists (select from span_accrual a where a.bucket = b.bucket and a.running > 0) order by b.bucket`;

/** Those that were accrued before now; an accrual never goes back in time. */
const FIND_RUNNING = `
  select a.account_id from span_accrual a
  where a.bucket = $1 and a.running > 0 and a.account_id > $2 and a.accrued_at < $3
    and (select c.test_clock_id from account c where c.id = a.account_id) is not distinct from $4::uuid
  order by a.account_id limit $5`;

const PUT_ACCRUALS = `
  insert into span_accrual as a (bucket, account_id, accrued_at, amount, running)
  select $1::smallint, account_id, ${INSTANT_OF('at_ms')}, amount, running
  from unnest($2::bigint[], $3::bigint[], $4::numeric[], $5::bigint[]) as p(account_id, at_ms, amount, running)
  order by account_id
  on conflict (bucket, account_id) do update
    set accrued_at = excluded.accrued_at, amount = excluded.amount, running = excluded.running`;

/** The rows of `span_accrual`. */
@Injectable()
export class SpanAccrualRepository {
  constructor(private readonly database: Database) {}

  /** Those that are there and live by the clock, with the instant from which on they use nothing more. */
  async lockAccounts(
    sql: Sql,
    bucket: number,
    { accountIds, testClock }: { accountIds: readonly number[]; testClock: string | null },
  ): Promise<Map<number, { closedAt: number | null }>> {
    const rows = await sql.query<{ id: string; closed_ms: string | null }>(LOCK_ACCOUNTS_IN_ORDER, [
      ...[bucket, accountIds, testClock],
    ]);
    return new Map(
      rows.map((row) => [
        Number(row.id),
        { closedAt: row.closed_ms === null ? null : Number(row.closed_ms) },
      ]),
    );
  }

  async of(sql: Sql, bucket: number, accountIds: readonly number[]): Promise<Map<number, Accrual>> {
    const rows = await sql.query<AccrualRow>(READ_ACCRUALS, [bucket, accountIds]);
    return new Map(rows.map((row) => [Number(row.account_id), accrualOf(row)]));
  }

  async runningBuckets(): Promise<number[]> {
    const rows = await this.database.query<{ bucket: number }>(FIND_RUNNING_BUCKETS);
    return rows.map(({ bucket }) => bucket);
  }

  async runningAfter(
    bucket: number,
    { after, limit, clock }: { after: number; limit: number; clock: RunClock },
  ): Promise<number[]> {
    const values = [bucket, after, clock.now, clock.testClock, limit];
    const rows = await this.database.query<{ account_id: string }>(FIND_RUNNING, values);
    return rows.map(({ account_id }) => Number(account_id));
  }

  async put(sql: Sql, bucket: number, accruals: readonly Accrual[]): Promise<void> {
    if (accruals.length === 0) return;
    await sql.query(PUT_ACCRUALS, [
      bucket,
      plainArray(accruals, ({ accountId }) => accountId),
      plainArray(accruals, ({ at }) => at),
      plainArray(accruals, ({ amount }) => fullDecimal(amount)),
      plainArray(accruals, ({ running }) => running),
    ]);
  }
}

interface AccrualRow {
  account_id: string;
  at_ms: string;
  amount: string;
  running: string;
}

function accrualOf(row: AccrualRow): Accrual {
  return {
    accountId: Number(row.account_id),
    at: Number(row.at_ms),
    amount: parseQuantity(row.amount),
    running: Number(row.running),
  };
}
