import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { creditsOfRun, parseCreditRate } from '../core/credits';
import type { Properties } from '../core/event';
import { type Quantity, parseQuantity, quantity } from '../core/quantity';
import { MS_OF } from '../platform/sql-instant';
import { Database } from '../platform/transaction';

/** Which spans: those whose time, the end or the last accrual, lies in `[from, to)`; of one user or of everybody. */
export interface UsageEntryFilter {
  readonly from: Date;
  readonly to: Date;
  readonly userId: string | null;
}

export type UsageEntryOrder = 'asc' | 'desc';

/** Where a page begins: after a place, or after so many entries. */
export interface UsageEntryPage {
  readonly order: UsageEntryOrder;
  readonly after: { readonly at: Date; readonly id: string } | null;
  readonly offset: number;
  readonly limit: number;
}

/** One span as it is shown: what it costs as of `effectiveAt`. */
export interface UsageEntry {
  readonly id: string;
  readonly resource: string;
  readonly effectiveAt: Date;
  readonly credits: Quantity;
  readonly isDraft: boolean;
  readonly class: string;
  readonly attributes: Properties;
  readonly createdAt: Date | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly stoppedAt: Date | null;
}

const READ_ACCRUED_AT = 'select accrued_at from span_accrual where bucket = $1 and account_id = $2';

const SUM_ENDED = `
  select count(*) as count, coalesce(sum(amount), 0) as credits from span
  where bucket = $1 and account_id = $2 and ended_at >= $3 and ended_at < $4 and not is_void
    and ($5::uuid is null or user_id = $5)`;

const OPEN = `
  from span where bucket = $1 and account_id = $2 and ended_at is null and not is_void and ($3::uuid is null or user_id = $3)`;

const READ_OPEN = `select ${MS_OF('started_at')} as started_ms, rate, ${MS_OF('$4::timestamptz')} as now_ms ${OPEN}`;

const COLUMNS = `id, resource, is_draft, class, attributes, created_at, started_at, ended_at, stopped_at, rate, amount`;

/**
 * Ended spans by their ends, running ones all at the instant of their accrual; each part is cut to what the page can need, and
 * the bound on the end keeps the first on its index. Without a name, so that it is planned for its own limit.
 */
const LIST_ENTRIES = (order: UsageEntryOrder): string => {
  const [beyond, least] = order === 'desc' ? ['<', '<='] : ['>', '>='];
  return `
  select * from (
    (select ${COLUMNS}, ended_at as effective_at from span
      where bucket = $1 and account_id = $2 and ended_at >= $3 and ended_at < $4 and not is_void
        and ($5::uuid is null or user_id = $5)
        and ended_at ${least} $7 and (ended_at ${beyond} $7 or id > $8)
      order by ended_at ${order}, id limit $9::bigint + $10::bigint)
    union all
    (select ${COLUMNS}, $6::timestamptz from span
      where bucket = $1 and account_id = $2 and ended_at is null and not is_void and ($5::uuid is null or user_id = $5)
        and $6 >= $3 and $6 < $4 and ($6 ${beyond} $7 or ($6 = $7 and id > $8))
      order by id limit $9::bigint + $10::bigint)) entries
  order by effective_at ${order}, id limit $10 offset $9`;
};

const READ_PROFILES = `
  select subject, attributes from subject_profile
  where bucket = $1 and account_id = $2 and subject = any($3::text[])`;

const FIRST: Record<UsageEntryOrder, Date> = {
  asc: new Date('0001-01-01T00:00:00Z'),
  desc: new Date('9999-12-31T23:59:59.999Z'),
};
const BEFORE_EVERY_ID = '00000000-0000-0000-0000-000000000000';

/** Spans as entries of usage. */
@Injectable()
export class ListUsageRepository {
  constructor(private readonly database: Database) {}

  /** When the running spans of the account were last accrued; null = it never had any. */
  async accruedAt({ bucket, id }: AccountRef): Promise<Date | null> {
    const rows = await this.database.query<{ accrued_at: Date }>(READ_ACCRUED_AT, [bucket, id]);
    return rows[0]?.accrued_at ?? null;
  }

  /** How many there are and what they cost together, on all pages. */
  async totals(
    { bucket, id }: AccountRef,
    filter: UsageEntryFilter,
    accruedAt: Date | null,
  ): Promise<{ count: bigint; credits: Quantity }> {
    const { from, to, userId } = filter;
    const [row] = await this.database.query<{ count: string; credits: string }>(SUM_ENDED, [
      ...[bucket, id, from, to, userId],
    ]);
    let [count, credits] = [BigInt(row!.count), parseQuantity(row!.credits) as bigint];
    if (accruedAt !== null && accruedAt >= from && accruedAt < to) {
      const open = await this.database.query<OpenRow>(READ_OPEN, [bucket, id, userId, accruedAt]);
      for (const { started_ms, rate, now_ms } of open) {
        const run = { startedAt: Number(started_ms), stoppingAt: null, stoppedAt: null };
        credits += creditsOfRun(run, { now: Number(now_ms), perMinute: parseCreditRate(rate) });
      }
      count += BigInt(open.length);
    }
    return { count, credits: quantity(credits) };
  }

  async page(
    { bucket, id }: AccountRef,
    { from, to, userId }: UsageEntryFilter,
    { order, after, offset, limit, accruedAt }: UsageEntryPage & { accruedAt: Date | null },
  ): Promise<UsageEntry[]> {
    const place = [after?.at ?? FIRST[order], after?.id ?? BEFORE_EVERY_ID];
    const values = [bucket, id, from, to, userId, accruedAt, ...place, offset, limit];
    return (await this.database.query<EntryRow>(LIST_ENTRIES(order), values)).map(entryOf);
  }

  /** What is known of persons, by their ids. */
  async profiles({ bucket, id }: AccountRef, subjects: readonly string[]): Promise<Map<string, Properties>> {
    if (subjects.length === 0) return new Map();
    const values = [bucket, id, subjects];
    const rows = await this.database.query<{ subject: string; attributes: Properties }>(
      READ_PROFILES,
      values,
    );
    return new Map(rows.map(({ subject, attributes }) => [subject, attributes]));
  }
}

interface OpenRow {
  started_ms: string;
  rate: string;
  now_ms: string;
}

interface EntryRow {
  id: string;
  resource: string;
  is_draft: boolean;
  class: string;
  attributes: Properties;
  created_at: Date | null;
  started_at: Date;
  ended_at: Date | null;
  stopped_at: Date | null;
  rate: string;
  amount: string | null;
  effective_at: Date;
}

function entryOf(row: EntryRow): UsageEntry {
  const run = { startedAt: row.started_at.getTime(), stoppingAt: null, stoppedAt: null };
  const now = row.effective_at.getTime();
  return {
    id: row.id,
    resource: row.resource,
    effectiveAt: row.effective_at,
    credits:
      row.amount === null
        ? creditsOfRun(run, { now, perMinute: parseCreditRate(row.rate) })
        : parseQuantity(row.amount),
    isDraft: row.is_draft,
    class: row.class,
    attributes: row.attributes,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    stoppedAt: row.stopped_at,
  };
}
