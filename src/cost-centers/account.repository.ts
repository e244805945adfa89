import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { type AccountKey, bucketOf } from '../core/account-key';
import type { Calendar } from '../core/period';
import { Database, type Sql } from '../platform/transaction';

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
}

const ACCOUNT_WITH_TERMS = `
  select a.id, a.bucket, a.key, a.name, a.created_at, t.anchor, t.interval_unit, t.interval_count, t.time_zone
  from account a
  cross join lateral (
    select * from terms t where t.bucket = a.bucket and t.account_id = a.id order by t.version desc limit 1) t`;

const FIND_ACCOUNTS = `${ACCOUNT_WITH_TERMS} where a.key = any($1::text[])`;

const LIST_ACCOUNTS = `${ACCOUNT_WITH_TERMS} where a.id > $1 order by a.id limit $2`;

const LIST_ACCOUNTS_IN_SCOPE = `
  ${ACCOUNT_WITH_TERMS}
  where a.id > $1 and (a.key = any($3::text[]) or split_part(a.key, ':', 1) = any($4::text[]))
  order by a.id limit $2`;

/** Whoever comes second finds the row of the first: the unique key decides, not a look before. */
const MAKE_ACCOUNTS_ONCE = `
  with made as (
    insert into account (bucket, key, name)
    select * from unnest($1::smallint[], $2::text[], $3::text[]) order by 2
    on conflict (key) do nothing
    returning id, bucket)
  insert into terms (bucket, account_id, version, valid_from, anchor, interval_unit, interval_count, time_zone)
  select bucket, id, 1, 'epoch', $4, $5, $6, $7 from made
  returning account_id`;

/** Answers the name it had, read under the lock, or nothing when it had this one. */
const RENAME_ACCOUNT = `
  with stored as (select id, name from account where key = $1 for no key update)
  update account a set name = $2 from stored s where a.id = s.id and s.name is distinct from $2
  returning s.name as before`;

@Injectable()
export class AccountRepository {
  constructor(private readonly database: Database) {}

  async find(keys: readonly AccountKey[], sql: Sql = this.database): Promise<Account[]> {
    return (await sql.query<AccountRow>(FIND_ACCOUNTS, [keys])).map(accountOf);
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

  /** Accounts after an id, in the order they were made; `scope` null shows all. */
  async list(afterId: number, limit: number, scope: readonly string[] | null): Promise<Account[]> {
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
  return [keys.map(bucketOf), keys, keys.map(() => name), anchor, interval, count, timeZone];
}

function accountOf(row: AccountRow): Account {
  return {
    id: Number(row.id),
    bucket: row.bucket,
    key: row.key,
    name: row.name,
    createdAt: row.created_at,
    calendar: {
      anchor: row.anchor,
      interval: row.interval_unit,
      count: row.interval_count,
      timeZone: row.time_zone,
    },
  };
}
