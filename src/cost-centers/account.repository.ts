import { Injectable } from '@nestjs/common';
import { DEFAULT_PLANS, type Account, type AccountRef } from '../core/account';
import { type AccountKey, bucketOf } from '../core/account-key';
import type { Calendar } from '../core/period';
import { Database, type Sql } from '../platform/transaction';

/** An account as it was when it was read. What may change at any time is not in `Account`, which processes keep. */
export interface ReadAccount extends Account {
  readonly paymentOverdue: boolean;
}

interface NamedAccount {
  readonly calendar: Calendar;
  readonly name: string | null;
}

interface AccountRow {
  id: string;
  bucket: number;
  key: AccountKey;
  name: string | null;
  anchor: Date;
  interval_unit: Calendar['interval'];
  interval_count: number;
  time_zone: string;
  created_at: Date;
  closed_at: Date | null;
  payment_overdue: boolean;
}

const ACCOUNT_WITH_TERMS = `
  select a.id, a.bucket, a.key, a.name, a.created_at, a.closed_at, a.payment_overdue,
    t.anchor, t.interval_unit, t.interval_count, t.time_zone
  from account a
  cross join lateral (
    select * from terms t where t.bucket = a.bucket and t.account_id = a.id order by t.version desc limit 1) t`;

const FIND_ACCOUNTS = `${ACCOUNT_WITH_TERMS} where a.key = any($1::text[])`;

const FIND_ACCOUNTS_BY_ID = `${ACCOUNT_WITH_TERMS} where a.id = any($1::bigint[])`;

const LIST_ACCOUNTS = `${ACCOUNT_WITH_TERMS} where a.id > $1 order by a.id limit $2`;

const LIST_ACCOUNTS_IN_SCOPE = `
  ${ACCOUNT_WITH_TERMS}
  where a.id > $1 and (a.key = any($3::text[]) or split_part(a.key, ':', 1) = any($4::text[]))
  order by a.id limit $2`;

/**
 * Whoever comes second finds the row of the first: the unique key decides, not a look before. The plan a scheme begins with
 * is taken where its periods are those of the account.
 */
const MAKE_ACCOUNTS_ONCE = `
  with made as (
    insert into account (bucket, key, name)
    select * from unnest($1::smallint[], $2::text[], $3::text[]) order by 2
    on conflict (key) do nothing
    returning id, bucket, key)
  insert into terms
    (bucket, account_id, version, valid_from, anchor, interval_unit, interval_count, time_zone, plan_version_id)
  select m.bucket, m.id, 1, 'epoch', $4, $5, $6, $7, p.id
  from made m
  left join lateral (
    select v.id from unnest($8::text[], $9::text[]) d(scheme, plan)
    join plan_version v on v.plan_key = d.plan and v.interval_unit = $5 and v.interval_count = $6
    where d.scheme = split_part(m.key, ':', 1)
    order by v.version desc limit 1) p on true
  returning account_id`;

/** The first closing counts. */
const CLOSE_ACCOUNT = `
  update account set closed_at = $3 where id = $1 and bucket = $2 and closed_at is null returning id`;

/** Answers the name it had, read under the lock, or nothing when it had this one. */
const RENAME_ACCOUNT = `
  with stored as (select id, name from account where key = $1 for no key update)
  update account a set name = $2 from stored s where a.id = s.id and s.name is distinct from $2
  returning s.name as before`;

@Injectable()
export class AccountRepository {
  constructor(private readonly database: Database) {}

  async find(keys: readonly AccountKey[], sql: Sql = this.database): Promise<ReadAccount[]> {
    return (await sql.query<AccountRow>(FIND_ACCOUNTS, [keys])).map(accountOf);
  }

  async findByIds(ids: readonly number[], sql: Sql = this.database): Promise<ReadAccount[]> {
    return (await sql.query<AccountRow>(FIND_ACCOUNTS_BY_ID, [ids])).map(accountOf);
  }

  /** Makes the missing ones with one calendar; existing ones stay as they are. */
  async make(keys: readonly AccountKey[], calendar: Calendar): Promise<void> {
    await this.database.query(MAKE_ACCOUNTS_ONCE, makeValues(keys, calendar, null));
  }

  /** Makes one with its name, and says whether it did; an existing one stays as it is. */
  async makeNamed(sql: Sql, key: AccountKey, { calendar, name }: NamedAccount): Promise<boolean> {
    return (await sql.query(MAKE_ACCOUNTS_ONCE, makeValues([key], calendar, name))).length > 0;
  }

  /** The name it had, or undefined when it had this one. */
  async rename(sql: Sql, key: AccountKey, name: string | null): Promise<string | null | undefined> {
    return (await sql.query<{ before: string | null }>(RENAME_ACCOUNT, [key, name]))[0]?.before;
  }

  /** False = it was closed before. */
  async close(sql: Sql, account: AccountRef, at: Date): Promise<boolean> {
    return (await sql.query(CLOSE_ACCOUNT, [account.id, account.bucket, at])).length > 0;
  }

  /** Accounts after an id, in the order they were made; `scope` null shows all. */
  async list(afterId: number, limit: number, scope: readonly string[] | null): Promise<ReadAccount[]> {
    if (scope === null) {
      return (await this.database.query<AccountRow>(LIST_ACCOUNTS, [afterId, limit])).map(accountOf);
    }
    const schemes = scope.filter((entry) => entry.endsWith(':*')).map((entry) => entry.slice(0, -2));
    const values = [afterId, limit, scope, schemes];
    return (await this.database.query<AccountRow>(LIST_ACCOUNTS_IN_SCOPE, values)).map(accountOf);
  }
}

function makeValues(keys: readonly AccountKey[], calendar: Calendar, name: string | null): unknown[] {
  const { anchor, interval, count, timeZone } = calendar;
  const [schemes, plans] = [Object.keys(DEFAULT_PLANS), Object.values(DEFAULT_PLANS)];
  const names = keys.map(() => name);
  return [keys.map(bucketOf), keys, names, anchor, interval, count, timeZone, schemes, plans];
}

function accountOf(row: AccountRow): ReadAccount {
  return {
    id: Number(row.id),
    bucket: row.bucket,
    key: row.key,
    name: row.name,
    createdAt: row.created_at,
    closedAt: row.closed_at,
    paymentOverdue: row.payment_overdue,
    calendar: {
      anchor: row.anchor,
      interval: row.interval_unit,
      count: row.interval_count,
      timeZone: row.time_zone,
    },
  };
}
