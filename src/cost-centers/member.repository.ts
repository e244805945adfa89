import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { plainArray, textArray } from '../platform/array-literal';
import { Database, type Sql } from '../platform/transaction';

/** Somebody who belongs to an account. */
export interface Member {
  readonly userId: string;
  readonly role: string;
  readonly joinedAt: Date;
  readonly hasEmail: boolean;
}

/** The same on its way in; a time that is not told is the one known before, else now. */
export interface NewMember {
  readonly userId: string;
  readonly role: string;
  readonly joinedAt: Date | null;
  readonly emailIndex: Buffer | null;
}

/** Who is not sent belongs to the account no more. The caller holds the account's lock. */
const REPLACE_MEMBERS = `
  with sent as materialized (
    select * from unnest($4::text[], $5::text[], $6::timestamptz[], $7::text[]) as s(user_id, role, joined_at, email_index)),
  gone as (
    delete from account_member m where m.bucket = $1 and m.account_id = $2
      and not exists (select from sent s where s.user_id = m.user_id))
  insert into account_member as m (bucket, account_id, user_id, role, joined_at, email_index)
  select $1::smallint, $2::bigint, user_id, role, coalesce(joined_at, $3), decode(email_index, 'hex') from sent order by user_id
  on conflict (bucket, account_id, user_id) do update set role = excluded.role, email_index = excluded.email_index,
    joined_at = case when (select s.joined_at from sent s where s.user_id = m.user_id) is null then m.joined_at
      else excluded.joined_at end`;

const LIST_MEMBERS = `
  select user_id, role, joined_at, email_index is not null as has_email from account_member
  where bucket = $1 and account_id = $2 order by joined_at, user_id`;

/** The rows of `account_member`. */
@Injectable()
export class MemberRepository {
  constructor(private readonly database: Database) {}

  async replace(
    sql: Sql,
    { bucket, id }: AccountRef,
    { members, now }: { members: readonly NewMember[]; now: Date },
  ): Promise<void> {
    await sql.query(REPLACE_MEMBERS, [
      bucket,
      id,
      now,
      textArray(members, ({ userId }) => userId),
      textArray(members, ({ role }) => role),
      plainArray(members, ({ joinedAt }) => joinedAt?.toISOString() ?? null),
      plainArray(members, ({ emailIndex }) => emailIndex?.toString('hex') ?? null),
    ]);
  }

  /** In the order in which they joined. */
  async list({ bucket, id }: AccountRef, sql: Sql = this.database): Promise<Member[]> {
    const rows = await sql.query<MemberRow>(LIST_MEMBERS, [bucket, id]);
    return rows.map((row) => ({
      userId: row.user_id,
      role: row.role,
      joinedAt: row.joined_at,
      hasEmail: row.has_email,
    }));
  }
}

interface MemberRow {
  user_id: string;
  role: string;
  joined_at: Date;
  has_email: boolean;
}
