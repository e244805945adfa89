import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { Asset } from '../core/asset';
import type { GrantKind, GrantPart } from '../core/grant';
import { fullDecimal, parseQuantity } from '../core/quantity';
import { plainArray } from '../platform/array-literal';
import type { RunClock } from '../platform/account-clock';
import type { Sql } from '../platform/transaction';
import { BEFORE_POSITION, MICROSECONDS, type Position, positionValues } from './newest-first';
import type { NewGrant, StoredGrant } from './stored';

const COLUMNS = `id, asset, kind, amount, used, expired, priority, expires_at, description, created_at,
  ${MICROSECONDS('created_at')} as created_micros`;

/** Whoever comes second finds the grant of the first; what stands there is for the caller to compare. */
const INSERT_GRANT_ONCE = `
  insert into credit_grant (bucket, account_id, id, asset, kind, amount, priority, expires_at, description)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (bucket, account_id, id) do nothing
  returning id`;

const READ_GRANT = `select ${COLUMNS} from credit_grant where bucket = $1 and account_id = $2 and id = $3`;

const SOMETHING_LEFT = `
  select ${COLUMNS} from credit_grant where bucket = $1 and account_id = $2 and used + expired < amount`;

const READ_USABLE_GRANTS = `${SOMETHING_LEFT} and asset = $3 and (expires_at is null or expires_at > $4)`;

const READ_LAPSING_GRANTS = `${SOMETHING_LEFT} and expires_at <= $3 order by expires_at, id`;

/** By their end, so that a page costs what it holds; an account comes once for each of its grants. */
const READ_LAPSING_OF_ALL = `
  select bucket, account_id, id, expires_at::text as ended from credit_grant
  where used + expired < amount and expires_at is not null and expires_at <= $1
    and (expires_at, account_id, id) > ($2::timestamptz, $3::bigint, $4::uuid)
    and exists (select from account a where a.id = account_id and a.test_clock_id is not distinct from $6::uuid)
  order by expires_at, account_id, id limit $5`;

const LIST_GRANTS_NEWEST_FIRST = `
  select ${COLUMNS} from credit_grant
  where bucket = $1 and account_id = $2 and (created_at, id) < ${BEFORE_POSITION('$3', '$4')}
  order by created_at desc, id desc limit $5`;

const READ_PARTS = `
  select grant_id, amount from grant_use where bucket = $1 and account_id = $2 and transfer_id = $3 order by grant_id`;

const READ_HOLDERS = `
  select distinct account_id from credit_grant
  where bucket = $1 and account_id = any($2::bigint[]) and used + expired < amount`;

const PARTS_SENT = `part as materialized (select * from unnest($3::uuid[], $4::numeric[]) as p(grant_id, amount))`;

/** Notes how a transfer is shared, and moves what is used; the check of the table refuses more than there is. */
const USE_GRANTS = `
  with ${PARTS_SENT},
  noted as (
    insert into grant_use (bucket, account_id, transfer_id, grant_id, amount)
    select $1::smallint, $2::bigint, $5::uuid, grant_id, amount from part)
  update credit_grant g set used = g.used + p.amount from part p
  where g.bucket = $1::smallint and g.account_id = $2::bigint and g.id = p.grant_id`;

const LAPSE_GRANTS = `
  with ${PARTS_SENT}
  update credit_grant g set expired = g.expired + p.amount from part p
  where g.bucket = $1 and g.account_id = $2 and g.id = p.grant_id`;

interface GrantRow {
  id: string;
  asset: Asset;
  kind: GrantKind;
  amount: string;
  used: string;
  expired: string;
  priority: number;
  expires_at: Date | null;
  description: string;
  created_at: Date;
  created_micros: string;
}

interface LapsingRow {
  bucket: number;
  account_id: string;
  id: string;
  ended: string;
}

/** Where a page of ended grants goes on; the end is the text of the database, which is finer than our instants. */
export interface LapsingPosition {
  readonly ended: string;
  readonly accountId: number;
  readonly id: string;
}

const NIL = '00000000-0000-0000-0000-000000000000';

/** SQL of grants; every method runs on the connection of its caller. */
@Injectable()
export class GrantRepository {
  /** Whether it is new; else another one stands under the id. */
  async insert(sql: Sql, account: AccountRef, grant: NewGrant): Promise<boolean> {
    const { id, asset, kind, amount, priority, expiresAt, description } = grant;
    const values = [id, asset, kind, fullDecimal(amount), priority, expiresAt, description];
    return (await sql.query(INSERT_GRANT_ONCE, [account.bucket, account.id, ...values])).length > 0;
  }

  async find(sql: Sql, account: AccountRef, id: string): Promise<StoredGrant | undefined> {
    const rows = await sql.query<GrantRow>(READ_GRANT, [account.bucket, account.id, id]);
    return rows.map(grantOf)[0];
  }

  /** Those of the accounts that have any grant with something left. */
  async holders(sql: Sql, bucket: number, accountIds: readonly number[]): Promise<Set<number>> {
    const rows = await sql.query<{ account_id: string }>(READ_HOLDERS, [bucket, accountIds]);
    return new Set(rows.map((row) => Number(row.account_id)));
  }

  /** Grants of an asset that can still be used at the instant, in no order. */
  async usable(
    sql: Sql,
    account: AccountRef,
    { asset, at }: { asset: Asset; at: Date },
  ): Promise<StoredGrant[]> {
    const values = [account.bucket, account.id, asset, at];
    return (await sql.query<GrantRow>(READ_USABLE_GRANTS, values)).map(grantOf);
  }

  /** Grants of any asset that ended at the instant or before and have something left. */
  async lapsing(sql: Sql, account: AccountRef, at: Date): Promise<StoredGrant[]> {
    return (await sql.query<GrantRow>(READ_LAPSING_GRANTS, [account.bucket, account.id, at])).map(grantOf);
  }

  /** The accounts of ended grants with something left, the longest ended first, each with its place in the order. */
  async lapsingOfAll(
    sql: Sql,
    { now: at, testClock, after, limit }: RunClock & { after: LapsingPosition | null; limit: number },
  ): Promise<(AccountRef & { position: LapsingPosition })[]> {
    const { ended, accountId, id } = after ?? { ended: '-infinity', accountId: 0, id: NIL };
    const values = [at, ended, accountId, id, limit, testClock];
    const rows = await sql.query<LapsingRow>(READ_LAPSING_OF_ALL, values);
    return rows.map((row) => {
      const account = { id: Number(row.account_id), bucket: row.bucket };
      return { ...account, position: { ended: row.ended, accountId: account.id, id: row.id } };
    });
  }

  async list(
    sql: Sql,
    account: AccountRef,
    page: { after: Position | null; limit: number },
  ): Promise<StoredGrant[]> {
    const values = [account.bucket, account.id, ...positionValues(page.after), page.limit];
    return (await sql.query<GrantRow>(LIST_GRANTS_NEWEST_FIRST, values)).map(grantOf);
  }

  /** How a transfer out of grants was shared among them. */
  async partsOf(sql: Sql, account: AccountRef, transferId: string): Promise<GrantPart[]> {
    const values = [account.bucket, account.id, transferId];
    const rows = await sql.query<{ grant_id: string; amount: string }>(READ_PARTS, values);
    return rows.map(({ grant_id, amount }) => ({ grantId: grant_id, amount: parseQuantity(amount) }));
  }

  /** Shares a transfer among grants; parts below zero give back. */
  async use(
    sql: Sql,
    account: AccountRef,
    { transferId, parts }: { transferId: string; parts: readonly GrantPart[] },
  ): Promise<void> {
    await sql.query(USE_GRANTS, [account.bucket, account.id, ...partValues(parts), transferId]);
  }

  async lapse(sql: Sql, account: AccountRef, parts: readonly GrantPart[]): Promise<void> {
    await sql.query(LAPSE_GRANTS, [account.bucket, account.id, ...partValues(parts)]);
  }
}

function partValues(parts: readonly GrantPart[]): [ids: string, amounts: string] {
  return [
    plainArray(parts, ({ grantId }) => grantId),
    plainArray(parts, ({ amount }) => fullDecimal(amount)),
  ];
}

function grantOf(row: GrantRow): StoredGrant {
  const { id, asset, kind, priority, description } = row;
  return {
    ...{ id, asset, kind, priority, description },
    amount: parseQuantity(row.amount),
    used: parseQuantity(row.used),
    expired: parseQuantity(row.expired),
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    position: { at: Number(row.created_micros), id },
  };
}
