import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { RunClock } from '../platform/account-clock';
import { Database, type Sql } from '../platform/transaction';

/** Accounts that are no longer billed, in whose past something was counted since; `mark` is the newest mark of it. */
const FIND_ENDED_WITH_LATE_USAGE = `
  select l.bucket, l.account_id, max(l.id) as mark
  from late_usage l
  join billing_state s on s.bucket = l.bucket and s.account_id = l.account_id and s.due_at is null
  join account a on a.id = l.account_id and a.test_clock_id is not distinct from $1::uuid
  where l.account_id > $2
  group by 1, 2 order by 2 limit $3`;

/** Accounts that ever agreed to be invoiced at a threshold and are billed now. */
const FIND_WITH_THRESHOLD = `
  select distinct t.bucket, t.account_id
  from terms t
  join billing_state s on s.bucket = t.bucket and s.account_id = t.account_id and s.due_at is not null
  join account a on a.id = t.account_id and a.test_clock_id is not distinct from $1::uuid
  where t.invoice_at is not null and t.account_id > $2
  order by 2 limit $3`;

const HAS_DRAFT = `
  select exists (select from invoice
    where bucket = $1 and account_id = $2 and status = 'draft' and kind = 'off_cycle') as found`;

interface Found {
  bucket: number;
  account_id: string;
  mark?: string;
}

/** Whose invoices come before their period's end, or after their last one. */
@Injectable()
export class OffCycleRepository {
  constructor(private readonly database: Database) {}

  async endedWithLateUsage(
    { testClock }: RunClock,
    { after, limit }: { after: number; limit: number },
  ): Promise<(AccountRef & { mark: string })[]> {
    const rows = await this.database.query<Found>(FIND_ENDED_WITH_LATE_USAGE, [testClock, after, limit]);
    return rows.map((row) => ({ ...refOf(row), mark: row.mark! }));
  }

  async withThreshold(
    { testClock }: RunClock,
    { after, limit }: { after: number; limit: number },
  ): Promise<AccountRef[]> {
    return (await this.database.query<Found>(FIND_WITH_THRESHOLD, [testClock, after, limit])).map(refOf);
  }

  async hasDraft(sql: Sql, { bucket, id }: AccountRef): Promise<boolean> {
    return (await sql.query<{ found: boolean }>(HAS_DRAFT, [bucket, id]))[0]!.found;
  }
}

function refOf({ bucket, account_id }: Found): AccountRef {
  return { bucket, id: Number(account_id) };
}
