import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../platform/transaction';
import type { StoredInvoice } from './stored-invoice';

/** What was taken off a final invoice; minor units of its currency. */
export interface CreditNote {
  readonly id: string;
  readonly invoiceId: string;
  readonly createdAt: Date;
  readonly net: bigint;
  readonly tax: bigint;
  /** The part that lowered what was unpaid; the rest was paid and is given back. */
  readonly unpaid: bigint;
  readonly paid: bigint;
  readonly reason: string;
}

const COLUMNS = `id, invoice_id, created_at, net, tax, unpaid, paid, reason`;

const INSERT_CREDIT_NOTE_ONCE = `
  insert into credit_note (bucket, account_id, id, invoice_id, net, tax, unpaid, paid, reason)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  on conflict do nothing`;

const LIST_OF_INVOICE = `
  select ${COLUMNS} from credit_note where bucket = $1 and account_id = $2 and invoice_id = $3 order by created_at, id`;

interface CreditNoteRow {
  id: string;
  invoice_id: string;
  created_at: Date;
  net: string;
  tax: string;
  unpaid: string;
  paid: string;
  reason: string;
}

/** The rows of `credit_note`. */
@Injectable()
export class CreditNoteRepository {
  constructor(private readonly database: Database) {}

  async insert(
    sql: Sql,
    { account }: Pick<StoredInvoice, 'account'>,
    note: Omit<CreditNote, 'createdAt'>,
  ): Promise<void> {
    const amounts = [note.net, note.tax, note.unpaid, note.paid].map(String);
    const values = [account.bucket, account.id, note.id, note.invoiceId, ...amounts, note.reason];
    await sql.query(INSERT_CREDIT_NOTE_ONCE, values);
  }

  /** Oldest first. */
  async ofInvoice(
    { account, id }: Pick<StoredInvoice, 'account' | 'id'>,
    sql: Sql = this.database,
  ): Promise<CreditNote[]> {
    const rows = await sql.query<CreditNoteRow>(LIST_OF_INVOICE, [account.bucket, account.id, id]);
    return rows.map((row) => ({
      ...{ id: row.id, invoiceId: row.invoice_id, createdAt: row.created_at, reason: row.reason },
      net: BigInt(row.net),
      tax: BigInt(row.tax),
      unpaid: BigInt(row.unpaid),
      paid: BigInt(row.paid),
    }));
  }
}
