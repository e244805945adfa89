import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { Database, type Sql } from '../platform/transaction';

/** Whether a payment is overdue, and since when; null = none is. */
export interface Overdue {
  readonly overdue: boolean;
  readonly overdueSince: Date | null;
}

interface OverdueRow {
  payment_overdue: boolean;
  payment_overdue_since: Date | null;
}

const READ_OVERDUE =
  'select payment_overdue, payment_overdue_since from account where id = $1 and bucket = $2';

/** Answers what it was before, read under the lock, or nothing when it was this. The first instant stays. */
const SET_OVERDUE = `
  with stored as (
    select id, payment_overdue, payment_overdue_since from account where id = $1 and bucket = $2 for no key update)
  update account a set payment_overdue = $3, payment_overdue_since = case when $3 then $4::timestamptz end
  from stored s where a.id = s.id and a.bucket = $2 and s.payment_overdue is distinct from $3
  returning s.payment_overdue, s.payment_overdue_since`;

/** The columns of `account` that say how it pays. */
@Injectable()
export class PaymentProfileRepository {
  constructor(private readonly database: Database) {}

  async read({ id, bucket }: AccountRef): Promise<Overdue> {
    const [row] = await this.database.query<OverdueRow>(READ_OVERDUE, [id, bucket]);
    return row ? overdueOf(row) : { overdue: false, overdueSince: null };
  }

  /** What it was before; null = it was this already. */
  async set(
    sql: Sql,
    { id, bucket }: AccountRef,
    { overdue, at }: { overdue: boolean; at: Date },
  ): Promise<Overdue | null> {
    const [row] = await sql.query<OverdueRow>(SET_OVERDUE, [id, bucket, overdue, at]);
    return row ? overdueOf(row) : null;
  }
}

function overdueOf(row: OverdueRow): Overdue {
  return { overdue: row.payment_overdue, overdueSince: row.payment_overdue_since };
}
