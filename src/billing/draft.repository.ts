import { Injectable } from '@nestjs/common';
import type { RunClock } from '../platform/account-clock';
import { plainArray } from '../platform/array-literal';
import { Database, type Sql } from '../platform/transaction';
import { INVOICE_COLUMNS, INVOICES, type InvoiceRow, invoiceOf } from './invoice.repository';
import type { NewDraft, StoredInvoice } from './stored-invoice';

const AT = (ms: string): string => `timestamptz 'epoch' + ${ms} * interval '1 millisecond'`;

/** The id says what a draft is for, so that two processes make it once. */
const INSERT_DRAFTS_ONCE = `
  insert into invoice (bucket, account_id, id, kind, period_from, period_to, status, finalise_at)
  select d.bucket, d.account_id, d.id, d.kind, ${AT('d.from_ms')}, ${AT('d.to_ms')}, 'draft', d.finalise_at
  from unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::timestamptz[])
    as d(bucket, account_id, id, kind, from_ms, to_ms, finalise_at)
  order by 1, 2, 3 on conflict do nothing`;

/** Buckets with drafts that are due. */
const FIND_DUE_BUCKETS = `select distinct bucket from invoice where status = 'draft' and finalise_at <= $1 order by bucket`;

/** Accounts of a bucket with drafts that are due, the longest due first. */
const FIND_DUE_ACCOUNTS = `
  select i.account_id from invoice i
  where i.bucket = $1 and i.status = 'draft' and i.finalise_at <= $2
    and (select a.test_clock_id from account a where a.id = i.account_id) is not distinct from $3::uuid
    and not (i.account_id = any($5::bigint[]))
  order by i.finalise_at, i.account_id limit $4`;

/** Whoever holds one of them computes money for it already; it is left out and comes with the next turn. */
const LOCK_ACCOUNTS = `
  select id from account where bucket = $1 and id = any($2::bigint[]) order by id for no key update skip locked`;

/** Each account's oldest draft that is due. */
const READ_DRAFTS = `
  select distinct on (i.account_id) ${INVOICE_COLUMNS} ${INVOICES}
  where i.bucket = $1 and i.account_id = any($2::bigint[]) and i.status = 'draft' and i.finalise_at <= $3
  order by i.account_id, i.period_from, i.created_at, i.id`;

/** In the order in which they become final. */
const HAS_OLDER = `
  select exists (select from invoice o join invoice i on i.bucket = $1 and i.account_id = $2 and i.id = $3
    where o.bucket = $1 and o.account_id = $2 and o.status = 'draft'
      and (o.period_from, o.created_at, o.id) < (i.period_from, i.created_at, i.id)) as found`;

const DROP_DRAFTS = `
  delete from invoice i using unnest($2::bigint[], $3::uuid[]) as d(account_id, id)
  where i.bucket = $1 and i.account_id = d.account_id and i.id = d.id and i.status = 'draft'`;

const POSTPONE_DRAFT = `
  update invoice set problem = $4, finalise_at = $5 where bucket = $1 and account_id = $2 and id = $3 and status = 'draft'`;

/** Held by whoever gives numbers; what is to be numbered is read in a later statement, which sees what the one before did. */
const LOCK_NUMBERS = `select last from invoice_number where issuer = $1 for update`;

/** `lpad` would cut what is longer. */
const SIX_DIGITS = (value: string): string =>
  `lpad(${value}::text, greatest(6, length(${value}::text)), '0')`;

/** In the order in which they became final, in one transaction with the last number: there are no gaps, whoever dies when. */
const GIVE_NUMBERS = `
  with waiting as (
    select bucket, account_id, id, row_number() over (order by finalised_at, account_id, id) as place
    from invoice where status <> 'draft' and number is null and issuer = $1
    order by finalised_at, account_id, id limit $2),
  numbered as (
    update invoice i set sequence = n.last + w.place, number = $3 || ${SIX_DIGITS('(n.last + w.place)')}
    from waiting w, invoice_number n
    where n.issuer = $1 and i.bucket = w.bucket and i.account_id = w.account_id and i.id = w.id
    returning i.sequence)
  update invoice_number set last = last + (select count(*) from numbered) where issuer = $1
  returning (select count(*) from numbered)::int as given`;

/** When something is next due for the accounts of a test clock: a period ends, a grace is over. */
const NEXT_DUE = `
  select min(at) as at from (
    select s.due_at as at from billing_state s join account a on a.id = s.account_id
    where a.test_clock_id = $1 and s.due_at is not null
    union all
    select i.finalise_at from invoice i join account a on a.id = i.account_id
    where a.test_clock_id = $1 and i.status = 'draft') due`;

/** Whose numbers, and what stands before them. */
export interface NumberSeries {
  readonly issuer: string;
  readonly prefix: string;
}

/** Invoices on their way to be final, and the numbers they are given then. */
@Injectable()
export class DraftRepository {
  constructor(private readonly database: Database) {}

  async make(sql: Sql, drafts: readonly NewDraft[]): Promise<void> {
    if (drafts.length === 0) return;
    await sql.query(INSERT_DRAFTS_ONCE, [
      plainArray(drafts, ({ account }) => account.bucket),
      plainArray(drafts, ({ account }) => account.id),
      plainArray(drafts, ({ id }) => id),
      plainArray(drafts, ({ kind }) => kind),
      plainArray(drafts, ({ period }) => period.from),
      plainArray(drafts, ({ period }) => period.to),
      plainArray(drafts, ({ finaliseAt }) => finaliseAt.toISOString()),
    ]);
  }

  /** Buckets in which something is due, for whichever clock. */
  async dueBuckets(now: Date): Promise<number[]> {
    const rows = await this.database.query<{ bucket: number }>(FIND_DUE_BUCKETS, [now]);
    return rows.map(({ bucket }) => bucket);
  }

  /** Accounts of a bucket with a draft to finalise, each once; `without` names accounts to leave out. */
  async dueAccounts(
    bucket: number,
    asked: RunClock & { readonly limit: number; readonly without: readonly number[] },
  ): Promise<number[]> {
    const { now, testClock, limit, without } = asked;
    const values = [bucket, now, testClock, limit, without];
    const rows = await this.database.query<{ account_id: string }>(FIND_DUE_ACCOUNTS, values);
    return [...new Set(rows.map((row) => Number(row.account_id)))];
  }

  /** The accounts that nobody else holds, held until the transaction ends. */
  async lockAccounts(sql: Sql, bucket: number, accountIds: readonly number[]): Promise<number[]> {
    const rows = await sql.query<{ id: string }>(LOCK_ACCOUNTS, [bucket, accountIds]);
    return rows.map(({ id }) => Number(id));
  }

  async read(
    sql: Sql,
    bucket: number,
    { accountIds, now }: { accountIds: readonly number[]; now: Date },
  ): Promise<StoredInvoice[]> {
    return (await sql.query<InvoiceRow>(READ_DRAFTS, [bucket, accountIds, now])).map(invoiceOf);
  }

  /** Whether the account has a draft that is to be final before this one. */
  async hasOlder(sql: Sql, { account, id }: Pick<StoredInvoice, 'account' | 'id'>): Promise<boolean> {
    const values = [account.bucket, account.id, id];
    return (await sql.query<{ found: boolean }>(HAS_OLDER, values))[0]!.found;
  }

  /** Drafts that turned out to bill nothing. */
  async drop(
    sql: Sql,
    bucket: number,
    drafts: readonly Pick<StoredInvoice, 'account' | 'id'>[],
  ): Promise<void> {
    if (drafts.length === 0) return;
    const accountIds = plainArray(drafts, ({ account }) => account.id);
    await sql.query(DROP_DRAFTS, [bucket, accountIds, plainArray(drafts, ({ id }) => id)]);
  }

  /** Notes why a draft could not be finalised and when it is to be tried again. */
  async postpone(
    sql: Sql,
    { account, id }: Pick<StoredInvoice, 'account' | 'id'>,
    { problem, until }: { problem: string; until: Date },
  ): Promise<void> {
    await sql.query(POSTPONE_DRAFT, [account.bucket, account.id, id, problem, until]);
  }

  /** The next instant at which the accounts of a test clock have something due; null = there is none. */
  async nextDue(testClock: string): Promise<Date | null> {
    const [row] = await this.database.query<{ at: Date | null }>(NEXT_DUE, [testClock]);
    return row?.at ?? null;
  }

  /** Numbers what is final and has none, in a transaction of its own; how many were given. */
  async giveNumbers({ issuer, prefix, limit }: NumberSeries & { limit: number }): Promise<number> {
    return this.database.transaction(async (tx) => {
      await tx.query(LOCK_NUMBERS, [issuer]);
      const rows = await tx.query<{ given: number }>(GIVE_NUMBERS, [issuer, limit, prefix]);
      return rows[0]?.given ?? 0;
    });
  }
}
