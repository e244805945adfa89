import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { Sql } from '../platform/transaction';

/** Usage given back by hand; whole credits, below zero where some is taken again. */
export interface UsageCreditNote {
  readonly id: string;
  readonly credits: number;
  readonly description: string;
  readonly userId: string | null;
  readonly createdAt: Date;
}

const COLUMNS = `id, credits, description, user_id, created_at`;

const INSERT_NOTE_ONCE = `
  insert into usage_credit_note (bucket, account_id, id, credits, description, user_id, created_at)
  values ($1, $2, $3, $4, $5, $6, $7)
  on conflict (bucket, account_id, id) do nothing returning id`;

const READ_NOTE = `
  select ${COLUMNS} from usage_credit_note where bucket = $1 and account_id = $2 and id = $3`;

interface NoteRow {
  id: string;
  credits: number;
  description: string;
  user_id: string | null;
  created_at: Date;
}

/** The rows of `usage_credit_note`; every method runs inside the caller's transaction. */
@Injectable()
export class UsageCreditNoteRepository {
  /** False = there is one of this id. */
  async insert(sql: Sql, { bucket, id: accountId }: AccountRef, note: UsageCreditNote): Promise<boolean> {
    const { id, credits, description, userId, createdAt } = note;
    const values = [bucket, accountId, id, credits, description, userId, createdAt];
    return (await sql.query(INSERT_NOTE_ONCE, values)).length > 0;
  }

  async read(sql: Sql, { bucket, id: accountId }: AccountRef, id: string): Promise<UsageCreditNote> {
    const [row] = await sql.query<NoteRow>(READ_NOTE, [bucket, accountId, id]);
    const { credits, description, user_id: userId, created_at: createdAt } = row!;
    return { id, credits, description, userId, createdAt };
  }
}
