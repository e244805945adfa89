import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { BillingStrategy, CostCenterTerms } from '../core/cost-center';
import type { RunClock } from '../platform/account-clock';
import { Database, type Sql } from '../platform/transaction';

/** Why a version was appended. */
export const COST_CENTER_CAUSES = ['made', 'first_member', 'set', 'reset', 'cycle', 'imported'] as const;
export type CostCenterCause = (typeof COST_CENTER_CAUSES)[number];

/** A version of a cost centre. */
export interface StoredCostCenter extends CostCenterTerms {
  readonly version: number;
  readonly createdAt: Date;
  /** Nobody decided the limit, and no member was known who could have had the free allowance. */
  readonly isDefault: boolean;
  readonly cause: CostCenterCause;
}

/** What a cost centre begins with; `isUser` = the account is a person, who always has the allowance of one. */
export interface DefaultCostCenter extends Omit<CostCenterTerms, 'spendingLimit' | 'strategy'> {
  readonly at: Date;
  readonly isUser: boolean;
  readonly forTeams: number;
  readonly forUsers: number;
}

const COLUMNS = `v.version, v.created_at, v.strategy, v.spending_limit, v.anchor, v.cycle_from, v.cycle_to, v.is_default, v.cause`;

const READ_COST_CENTER = {
  name: 'read-cost-center',
  text: `
  select ${COLUMNS} from cost_center c
  join cost_center_version v on v.bucket = c.bucket and v.account_id = c.account_id and v.version = c.version
  where c.bucket = $1 and c.account_id = $2`,
};

/**
 * A person, and an e-mail address, have one free allowance, for whichever account comes first; the two unique keys decide.
 * Answers a row when it was given.
 */
const GIVE_FREE_ALLOWANCE_ONCE = `
  insert into free_allowance (account_id, bucket, user_id, email_index, given_at)
  select m.account_id, m.bucket, m.user_id::uuid, m.email_index, $3
  from (
    select * from account_member where bucket = $1 and account_id = $2 order by joined_at, user_id limit 1) m
  where m.user_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
  on conflict do nothing
  returning account_id`;

/** The limit, the allowance and the row come from one statement: whoever comes second finds all of it or nothing. */
const MAKE_COST_CENTER_ONCE = `
  with given as (${GIVE_FREE_ALLOWANCE_ONCE}),
  made as (
    insert into cost_center_version (bucket, account_id, version, created_at, strategy, spending_limit, anchor, cycle_from,
      cycle_to, is_default, cause)
    select $1::smallint, $2::bigint, 1, $3, 'other', case when $4 or exists (select from given) then $6::int else $5::int end, $7,
      $8, $9, not $4 and not exists (select from account_member where bucket = $1 and account_id = $2), 'made'
    on conflict (bucket, account_id, version) do nothing
    returning bucket, account_id, version, cycle_to)
  insert into cost_center (bucket, account_id, version, reset_at)
  select bucket, account_id, version, cycle_to from made
  returning version`;

/** The caller holds the account's lock. */
const APPEND_COST_CENTER = `
  with appended as (
    insert into cost_center_version (bucket, account_id, version, created_at, strategy, spending_limit, anchor, cycle_from,
      cycle_to, is_default, cause)
    select $1::smallint, $2::bigint, coalesce(max(version), 0) + 1, $3, $4::text, $5::int, $6, $7, $8, $9, $10
    from cost_center_version where bucket = $1 and account_id = $2
    returning *)
  insert into cost_center as c (bucket, account_id, version, reset_at)
  select bucket, account_id, version, case when strategy = 'other' then cycle_to end from appended
  on conflict (bucket, account_id) do update set version = excluded.version, reset_at = excluded.reset_at
  returning version`;

/** An allowance that was given elsewhere. */
const INSERT_FREE_ALLOWANCE_ONCE = `
  insert into free_allowance (account_id, bucket, user_id, email_index, given_at) values ($1, $2, $3, $4, $5)
  on conflict do nothing returning account_id`;

const READ_FREE_ALLOWANCE_OF = `select user_id from free_allowance where account_id = $1`;

const READ_LAST_LIMIT_OF = `
  select spending_limit from cost_center_version
  where bucket = $1 and account_id = $2 and strategy = $3 order by version desc limit 1`;

const LIST_VERSIONS_NEWEST_FIRST = `
  select ${COLUMNS} from cost_center_version v
  where v.bucket = $1 and v.account_id = $2 and v.version < $3 order by v.version desc limit $4`;

/** Whose allowance is to be renewed by now, after an account; those of other clocks, and closed ones, are left out. */
const FIND_EXPIRED = `
  select c.account_id from cost_center c join account a on a.id = c.account_id
  where c.reset_at < $1 and c.account_id > $3 and a.test_clock_id is not distinct from $2::uuid and a.closed_at is null
  order by c.account_id limit $4`;

const NEXT_EXPIRY = `
  select min(c.reset_at) as at from cost_center c join account a on a.id = c.account_id
  where a.test_clock_id = $1 and a.closed_at is null and c.reset_at is not null`;

interface CostCenterRow {
  version: number;
  created_at: Date;
  strategy: BillingStrategy;
  spending_limit: number;
  anchor: Date;
  cycle_from: Date;
  cycle_to: Date;
  is_default: boolean;
  cause: CostCenterCause;
}

const AFTER_EVERY_VERSION = 2_147_483_647;

/** The rows of `cost_center` and its versions, and of `free_allowance`. */
@Injectable()
export class CostCenterRepository {
  constructor(private readonly database: Database) {}

  async find({ bucket, id }: AccountRef, sql: Sql = this.database): Promise<StoredCostCenter | null> {
    const [row] = await sql.query<CostCenterRow>(READ_COST_CENTER, [bucket, id]);
    return row ? costCenterOf(row) : null;
  }

  /** Makes version 1 unless there is one, and says whether it did. */
  async makeOnce(sql: Sql, { bucket, id }: AccountRef, wanted: DefaultCostCenter): Promise<boolean> {
    const { at, isUser, forTeams, forUsers, cycle } = wanted;
    const values = [bucket, id, at, isUser, forTeams, forUsers, cycle.anchor, cycle.from, cycle.to];
    return (await sql.query(MAKE_COST_CENTER_ONCE, values)).length > 0;
  }

  /** Gives the free allowance for the account's first member; false = he, or his address, had it before, or there is none. */
  async giveFreeAllowance(sql: Sql, { bucket, id }: AccountRef, at: Date): Promise<boolean> {
    return (await sql.query(GIVE_FREE_ALLOWANCE_ONCE, [bucket, id, at])).length > 0;
  }

  /** Keeps that the person had the free allowance, for this account; false = it, the person or the address has one already. */
  async insertFreeAllowance(
    sql: Sql,
    { bucket, id }: AccountRef,
    { userId, emailIndex, givenAt }: { userId: string; emailIndex: Buffer | null; givenAt: Date },
  ): Promise<boolean> {
    const values = [id, bucket, userId, emailIndex, givenAt];
    return (await sql.query(INSERT_FREE_ALLOWANCE_ONCE, values)).length > 0;
  }

  /** Through whom the account had its free allowance; null = it had none. */
  async freeAllowanceOf(sql: Sql, { id }: AccountRef): Promise<string | null> {
    const [row] = await sql.query<{ user_id: string }>(READ_FREE_ALLOWANCE_OF, [id]);
    return row?.user_id ?? null;
  }

  /** Answers the number of the new version. */
  async append(
    sql: Sql,
    { bucket, id }: AccountRef,
    version: Omit<StoredCostCenter, 'version'>,
  ): Promise<number> {
    const { createdAt, strategy, spendingLimit, cycle, isDefault, cause } = version;
    const { anchor, from, to } = cycle;
    const values = [bucket, id, createdAt, strategy, spendingLimit, anchor, from, to, isDefault, cause];
    return (await sql.query<{ version: number }>(APPEND_COST_CENTER, values))[0]!.version;
  }

  /** The limit of the newest version of a strategy; null = there never was one. */
  async lastLimitOf(sql: Sql, { bucket, id }: AccountRef, strategy: BillingStrategy): Promise<number | null> {
    const values = [bucket, id, strategy];
    return (
      (await sql.query<{ spending_limit: number }>(READ_LAST_LIMIT_OF, values))[0]?.spending_limit ?? null
    );
  }

  /** Newest first, before a version of an earlier page. */
  async versions(
    { bucket, id }: AccountRef,
    { before, limit }: { before: number | null; limit: number },
    sql: Sql = this.database,
  ): Promise<StoredCostCenter[]> {
    const values = [bucket, id, before ?? AFTER_EVERY_VERSION, limit];
    return (await sql.query<CostCenterRow>(LIST_VERSIONS_NEWEST_FIRST, values)).map(costCenterOf);
  }

  async expired(clock: RunClock, { after, limit }: { after: number; limit: number }): Promise<number[]> {
    const values = [clock.now, clock.testClock, after, limit];
    const rows = await this.database.query<{ account_id: string }>(FIND_EXPIRED, values);
    return rows.map(({ account_id }) => Number(account_id));
  }

  /** When the next allowance of the accounts of a test clock is to be renewed; null = none is. */
  async nextExpiry(testClock: string): Promise<Date | null> {
    return (await this.database.query<{ at: Date | null }>(NEXT_EXPIRY, [testClock]))[0]!.at;
  }
}

function costCenterOf(row: CostCenterRow): StoredCostCenter {
  return {
    version: row.version,
    createdAt: row.created_at,
    strategy: row.strategy,
    spendingLimit: row.spending_limit,
    cycle: { anchor: row.anchor, from: row.cycle_from, to: row.cycle_to },
    isDefault: row.is_default,
    cause: row.cause,
  };
}
