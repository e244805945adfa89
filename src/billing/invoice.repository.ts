import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { InvoiceKind, InvoiceStatus } from '../core/invoice';
import { BEFORE_POSITION, MICROSECONDS, type Position, positionValues } from '../ledger/newest-first';
import { plainArray, textArray } from '../platform/array-literal';
import { Database, type Sql } from '../platform/transaction';
import type { FinalInvoice, StoredInvoice, StoredInvoiceLine } from './stored-invoice';

const MS = (at: string): string => `(extract(epoch from ${at}) * 1000)::bigint`;
const AT = (ms: string): string => `timestamptz 'epoch' + ${ms} * interval '1 millisecond'`;

export const INVOICE_COLUMNS = `i.bucket, i.account_id, a.key as account, i.id, i.kind, ${MS('i.period_from')} as period_from,
  ${MS('i.period_to')} as period_to, i.status, i.created_at, ${MICROSECONDS('i.created_at')} as created_micros, i.finalise_at, i.finalised_at, i.paid_at,
  i.voided_at, i.currency, i.subtotal, i.discount, i.tax, i.total, i.granted, i.carried, i.credited, i.paid, i.written_off,
  i.discounts, i.taxes, i.number, i.problem`;

export const INVOICES = `from invoice i join account a on a.id = i.account_id`;

const FINALISE = `
  update invoice i set status = f.status, finalised_at = f.at, paid_at = case when f.status = 'paid' then f.at end,
    currency = f.currency, subtotal = f.subtotal, discount = f.discount, tax = f.tax, total = f.total, granted = f.granted,
    carried = f.carried, discounts = f.discounts::json, taxes = f.taxes::json, rated = f.rated::json, problem = null
  from unnest($2::bigint[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::text[])
    as f(account_id, id, status, at, currency, subtotal, discount, tax, total, granted, carried, discounts, taxes, rated)
  where i.bucket = $1 and i.account_id = f.account_id and i.id = f.id and i.status = 'draft'`;

const INSERT_LINES = `
  insert into invoice_line (bucket, account_id, invoice_id, position, kind, period_from, period_to, segment_from, segment_to,
    plan_version_id, meter, key, description, quantity, unit_amount, amount, minor)
  select $1, l.account_id, l.invoice_id, l.position, l.kind, ${AT('l.period_from')}, ${AT('l.period_to')},
    ${AT('l.segment_from')}, ${AT('l.segment_to')}, l.plan_version_id, l.meter, l.key, l.description, l.quantity,
    l.unit_amount, l.amount, l.minor
  from unnest($2::bigint[], $3::uuid[], $4::int[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::int[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::bigint[])
    as l(account_id, invoice_id, position, kind, period_from, period_to, segment_from, segment_to, plan_version_id, meter,
      key, description, quantity, unit_amount, amount, minor)`;

/** What is still billed, in the order in which it was: a voided invoice bills nothing. */
const READ_BILLED_LINES = `
  select l.account_id, i.currency, ${MS('l.period_from')} as period_from, ${MS('l.segment_from')} as segment_from, l.meter,
    l.key, l.description, l.quantity, l.amount, l.minor
  from unnest($2::bigint[], $3::bigint[]) as p(account_id, from_ms)
  join invoice_line l on l.account_id = p.account_id and l.period_from = ${AT('p.from_ms')}
  join invoice i on i.bucket = l.bucket and i.account_id = l.account_id and i.id = l.invoice_id
  where l.bucket = $1 and i.status <> 'void'
  order by l.account_id, l.period_from, i.finalised_at, l.invoice_id, l.position`;

const FIND_INVOICE = `select ${INVOICE_COLUMNS} ${INVOICES} where i.id = $1`;

const LOCK_INVOICE = `${FIND_INVOICE} and i.bucket = $2 and i.account_id = $3`;

const READ_RATED = `select rated from invoice where bucket = $1 and account_id = $2 and id = $3`;

const READ_LINES = `
  select position, kind, ${MS('period_from')} as period_from, ${MS('period_to')} as period_to,
    ${MS('segment_from')} as segment_from, ${MS('segment_to')} as segment_to, plan_version_id, meter, key, description,
    quantity, unit_amount, amount, minor
  from invoice_line where bucket = $1 and account_id = $2 and invoice_id = $3 order by position`;

const LIST_INVOICES = `
  select ${INVOICE_COLUMNS} ${INVOICES}
  where i.account_id = $1 and (i.created_at, i.id) < ${BEFORE_POSITION('$2', '$3')}
    and ($5::text is null or i.status = $5)
  order by i.created_at desc, i.id desc limit $4`;

/** Only what may change of a final invoice. */
const UPDATE_STATUS = `
  update invoice set status = $4, paid = paid + $5, credited = credited + $6, written_off = written_off + $7,
    paid_at = case when $4 = 'paid' then coalesce(paid_at, $8) end,
    voided_at = case when $4 = 'void' then $8 end
  where bucket = $1 and account_id = $2 and id = $3`;

export interface InvoiceRow extends Record<string, unknown> {
  bucket: number;
  account_id: string;
  account: string;
  id: string;
  kind: InvoiceKind;
  status: InvoiceStatus;
}

export interface BilledLineRow {
  readonly account_id: string;
  readonly currency: string;
  readonly period_from: string;
  readonly segment_from: string;
  readonly meter: string | null;
  readonly key: string;
  readonly description: string;
  readonly quantity: string | null;
  readonly amount: string;
  readonly minor: string;
}

const BIGINTS = [
  'subtotal',
  'discount',
  'tax',
  'total',
  'granted',
  'carried',
  'credited',
  'paid',
  'written_off',
] as const;

/** The rows of `invoice` and `invoice_line`. */
@Injectable()
export class InvoiceRepository {
  constructor(private readonly database: Database) {}

  async finalise(sql: Sql, bucket: number, invoices: readonly FinalInvoice[]): Promise<void> {
    if (invoices.length === 0) return;
    await sql.query(FINALISE, [
      bucket,
      plainArray(invoices, ({ account }) => account.id),
      plainArray(invoices, ({ id }) => id),
      plainArray(invoices, ({ status }) => status),
      plainArray(invoices, ({ at }) => at.toISOString()),
      plainArray(invoices, ({ currency }) => currency),
      plainArray(invoices, ({ subtotal }) => subtotal),
      plainArray(invoices, ({ discount }) => discount),
      plainArray(invoices, ({ tax }) => tax),
      plainArray(invoices, ({ total }) => total),
      plainArray(invoices, ({ granted }) => granted),
      plainArray(invoices, ({ carried }) => carried),
      textArray(invoices, ({ discounts }) => discounts),
      textArray(invoices, ({ taxes }) => taxes),
      textArray(invoices, ({ rated }) => rated),
    ]);
    await this.#insertLines(sql, bucket, invoices);
  }

  async #insertLines(sql: Sql, bucket: number, invoices: readonly FinalInvoice[]): Promise<void> {
    const lines = invoices.flatMap(({ account, id, lines: own }) =>
      own.map((line) => ({ ...line, accountId: account.id, invoiceId: id })),
    );
    await sql.query(INSERT_LINES, [
      bucket,
      plainArray(lines, ({ accountId }) => accountId),
      plainArray(lines, ({ invoiceId }) => invoiceId),
      plainArray(lines, ({ position }) => position),
      plainArray(lines, ({ kind }) => kind),
      plainArray(lines, ({ period }) => period.from),
      plainArray(lines, ({ period }) => period.to),
      plainArray(lines, ({ segment }) => segment.from),
      plainArray(lines, ({ segment }) => segment.to),
      plainArray(lines, ({ planVersionId }) => planVersionId),
      textArray(lines, ({ meter }) => meter),
      textArray(lines, ({ key }) => key),
      textArray(lines, ({ description }) => description),
      plainArray(lines, ({ quantity }) => quantity),
      plainArray(lines, ({ unitAmount }) => unitAmount),
      plainArray(lines, ({ amount }) => amount),
      plainArray(lines, ({ minor }) => minor),
    ]);
  }

  /** The lines of invoices that still count, of these periods of these accounts. */
  async billedLines(
    sql: Sql,
    bucket: number,
    periods: readonly { accountId: number; from: number }[],
  ): Promise<BilledLineRow[]> {
    if (periods.length === 0) return [];
    return sql.query<BilledLineRow>(READ_BILLED_LINES, [
      bucket,
      plainArray(periods, ({ accountId }) => accountId),
      plainArray(periods, ({ from }) => from),
    ]);
  }

  async find(id: string, sql: Sql = this.database): Promise<StoredInvoice | null> {
    const [row] = await sql.query<InvoiceRow>(FIND_INVOICE, [id]);
    return row ? invoiceOf(row) : null;
  }

  /** As it is now, for whoever holds its account's lock. */
  async reread(sql: Sql, { account, id }: Pick<StoredInvoice, 'account' | 'id'>): Promise<StoredInvoice> {
    const [row] = await sql.query<InvoiceRow>(LOCK_INVOICE, [id, account.bucket, account.id]);
    return invoiceOf(row!);
  }

  async lines({ account, id }: Pick<StoredInvoice, 'account' | 'id'>): Promise<StoredInvoiceLine[]> {
    const rows = await this.database.query<LineRow>(READ_LINES, [account.bucket, account.id, id]);
    return rows.map(lineOf);
  }

  /** What was rated, as it was written; null for a draft. */
  async rated({ account, id }: Pick<StoredInvoice, 'account' | 'id'>): Promise<unknown> {
    const [row] = await this.database.query<{ rated: unknown }>(READ_RATED, [account.bucket, account.id, id]);
    return row?.rated ?? null;
  }

  /** Newest first, after a position of an earlier page. */
  async list(
    account: AccountRef,
    asked: { after: Position | null; limit: number; status: InvoiceStatus | null },
  ): Promise<StoredInvoice[]> {
    const { after, limit, status } = asked;
    const values = [account.id, ...positionValues(after), limit, status];
    return (await this.database.query<InvoiceRow>(LIST_INVOICES, values)).map(invoiceOf);
  }

  /** Moves a final invoice on; amounts are added to what is there. */
  async update(
    sql: Sql,
    { account, id }: Pick<StoredInvoice, 'account' | 'id'>,
    change: { status: InvoiceStatus; paid?: bigint; credited?: bigint; writtenOff?: bigint; at: Date },
  ): Promise<void> {
    const { status, paid = 0n, credited = 0n, writtenOff = 0n, at } = change;
    const amounts = [paid, credited, writtenOff].map(String);
    await sql.query(UPDATE_STATUS, [account.bucket, account.id, id, status, ...amounts, at]);
  }
}

interface LineRow {
  position: number;
  kind: 'charge' | 'adjustment';
  period_from: string;
  period_to: string;
  segment_from: string;
  segment_to: string;
  plan_version_id: number | null;
  meter: string | null;
  key: string;
  description: string;
  quantity: string | null;
  unit_amount: string | null;
  amount: string;
  minor: string;
}

function lineOf(row: LineRow): StoredInvoiceLine {
  const { position, kind, meter, key, description, quantity, amount } = row;
  return {
    ...{ position, kind, meter, key, description, quantity, amount },
    period: { from: Number(row.period_from), to: Number(row.period_to) },
    segment: { from: Number(row.segment_from), to: Number(row.segment_to) },
    planVersionId: row.plan_version_id,
    unitAmount: row.unit_amount,
    minor: BigInt(row.minor),
  };
}

export function invoiceOf(row: InvoiceRow): StoredInvoice {
  const amounts = Object.fromEntries(BIGINTS.map((name) => [name, BigInt(row[name] as string)]));
  const { written_off: writtenOff, ...rest } = amounts as Record<(typeof BIGINTS)[number], bigint>;
  return {
    account: { bucket: row.bucket, id: Number(row.account_id), key: row.account },
    id: row.id,
    kind: row.kind,
    status: row.status,
    period: { from: Number(row.period_from), to: Number(row.period_to) },
    createdAt: row.created_at,
    finaliseAt: row.finalise_at,
    finalisedAt: row.finalised_at,
    paidAt: row.paid_at,
    voidedAt: row.voided_at,
    currency: row.currency,
    ...rest,
    writtenOff,
    discounts: row.discounts,
    taxes: row.taxes,
    number: row.number,
    problem: row.problem,
    position: { at: Number(row.created_micros), id: row.id },
  } as StoredInvoice;
}
