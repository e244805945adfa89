import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { Asset } from '../core/asset';
import { fullDecimal, parseQuantity } from '../core/quantity';
import type { LedgerName, Transfer, TransferKind } from '../core/transfer';
import { plainArray, textArray } from '../platform/array-literal';
import type { Sql } from '../platform/transaction';
import { BEFORE_POSITION, MICROSECONDS, type Position, positionValues } from './newest-first';
import type { LedgerBalance, PendingRow, StoredTransfer } from './stored';

/** Whoever computes money holds this row, so that two of them never compute from the same state (decision A2). */
const LOCK_ACCOUNT = `select id from account where id = $1 and bucket = $2 for no key update`;

/**
 * Inserts what is new and adds just that to the balances, rows in one order everywhere. Answers the ids that were new: a
 * transfer of another transaction still under way is waited for, and then found to exist.
 */
const POST_ONCE_AND_BALANCE = {
  name: 'post-once-and-balance',
  text: `
  with sent as materialized (
    select * from unnest($2::bigint[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::numeric[], $9::text[],
      $10::text[], $11::uuid[]) as s(account_id, id, effective_at, asset, debit, credit, amount, kind, source, reverses)),
  fresh as (
    insert into transfer (bucket, account_id, id, effective_at, asset, debit, credit, amount, kind, source, reverses)
    select $1::smallint, account_id, id, effective_at, asset, debit, credit, amount, kind, source, reverses
    from sent order by account_id, id
    on conflict (bucket, account_id, id) do nothing
    returning account_id, id, asset, debit, credit, amount),
  sums as (
    select account_id, name, asset, sum(debits) as debits, sum(credits) as credits
    from (select account_id, debit as name, asset, amount as debits, 0 as credits from fresh
      union all select account_id, credit, asset, 0, amount from fresh) sides
    group by account_id, name, asset),
  kept as (
    insert into balance as b (bucket, account_id, name, asset, debits, credits)
    select $1::smallint, account_id, name, asset, debits, credits from sums order by account_id, name, asset
    on conflict (bucket, account_id, name, asset) do update
      set debits = b.debits + excluded.debits, credits = b.credits + excluded.credits, revision = b.revision + 1)
  select account_id, id from fresh`,
};

const COLUMNS = `id, recorded_at, ${MICROSECONDS('recorded_at')} as recorded_micros, effective_at, asset, debit, credit,
  amount, kind, source, reverses`;

/** A second statement, because the one above does not see what it waited for. */
const READ_TRANSFERS = `
  select ${COLUMNS} from transfer where bucket = $1 and account_id = $2 and id = any($3::uuid[])`;

const READ_TRANSFERS_OF_SOURCE = `
  select ${COLUMNS} from transfer where bucket = $1 and account_id = $2 and source = $3 order by recorded_at, id`;

/** Without a name, so that it is planned for its own limit: a plan for any limit may sort the whole account. */
const LIST_TRANSFERS_NEWEST_FIRST = `
  select ${COLUMNS} from transfer
  where bucket = $1 and account_id = $2 and (recorded_at, id) < ${BEFORE_POSITION('$3', '$4')}
  order by recorded_at desc, id desc limit $5`;

/** The rows sent become the only ones of the sources named, account by account. */
const REPLACE_PENDING = `
  with sent as materialized (
    select * from unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::numeric[])
      as s(account_id, asset, source, debit, credit, amount)),
  gone as (
    delete from pending p using unnest($2::bigint[], $3::text[]) as n(account_id, source)
    where p.bucket = $1 and p.account_id = n.account_id and p.source = n.source
      and not exists (select from sent s where s.account_id = p.account_id and s.asset = p.asset and s.source = p.source))
  insert into pending (bucket, account_id, asset, source, debit, credit, amount)
  select $1::smallint, account_id, asset, source, debit, credit, amount from sent order by account_id, asset, source
  on conflict (bucket, account_id, asset, source) do update
    set debit = excluded.debit, credit = excluded.credit, amount = excluded.amount, updated_at = now()`;

const READ_BALANCES = `
  select name, asset, sum(posted) as posted, sum(posted) + sum(pending) as with_pending
  from (
    select name, asset, debits - credits as posted, 0 as pending from balance where bucket = $1 and account_id = $2
    union all select debit, asset, 0, amount from pending where bucket = $1 and account_id = $2
    union all select credit, asset, 0, -amount from pending where bucket = $1 and account_id = $2) sides
  group by name, asset order by asset, name`;

interface TransferRow {
  id: string;
  recorded_at: Date;
  recorded_micros: string;
  effective_at: Date;
  asset: Asset;
  debit: LedgerName;
  credit: LedgerName;
  amount: string;
  kind: TransferKind;
  source: string;
  reverses: string | null;
}

/** A transfer and whose it is. */
export interface AccountTransfer extends Transfer {
  readonly accountId: number;
}

/** What is pending, and of whom. */
export type AccountPending = PendingRow & { readonly accountId: number };

type PendingSource = Pick<AccountPending, 'accountId' | 'source'>;

/** SQL of transfers, balances and what is pending. */
@Injectable()
export class LedgerRepository {
  /** Whether the account exists; its row is then locked until the transaction ends. */
  async lockAccount(sql: Sql, { id, bucket }: AccountRef): Promise<boolean> {
    return (await sql.query(LOCK_ACCOUNT, [id, bucket])).length > 0;
  }

  /** Posts transfers of accounts of one bucket; those that were new, as `account id`. */
  async post(sql: Sql, bucket: number, transfers: readonly AccountTransfer[]): Promise<Set<string>> {
    const rows = await sql.query<{ account_id: string; id: string }>(POST_ONCE_AND_BALANCE, [
      bucket,
      plainArray(transfers, ({ accountId }) => accountId),
      plainArray(transfers, ({ id }) => id),
      plainArray(transfers, ({ effectiveAt }) => effectiveAt.toISOString()),
      plainArray(transfers, ({ asset }) => asset),
      plainArray(transfers, ({ debit }) => debit),
      plainArray(transfers, ({ credit }) => credit),
      plainArray(transfers, ({ amount }) => fullDecimal(amount)),
      plainArray(transfers, ({ kind }) => kind),
      textArray(transfers, ({ source }) => source),
      plainArray(transfers, ({ reverses }) => reverses),
    ]);
    return new Set(rows.map(({ account_id, id }) => `${account_id} ${id}`));
  }

  async find(sql: Sql, account: AccountRef, ids: readonly string[]): Promise<StoredTransfer[]> {
    const values = [account.bucket, account.id, plainArray(ids, (id) => id)];
    return (await sql.query<TransferRow>(READ_TRANSFERS, values)).map(transferOf);
  }

  async ofSource(sql: Sql, account: AccountRef, source: string): Promise<StoredTransfer[]> {
    const values = [account.bucket, account.id, source];
    return (await sql.query<TransferRow>(READ_TRANSFERS_OF_SOURCE, values)).map(transferOf);
  }

  async history(
    sql: Sql,
    account: AccountRef,
    page: { after: Position | null; limit: number },
  ): Promise<StoredTransfer[]> {
    const values = [account.bucket, account.id, ...positionValues(page.after), page.limit];
    return (await sql.query<TransferRow>(LIST_TRANSFERS_NEWEST_FIRST, values)).map(transferOf);
  }

  /** `sources` lose every row that is not among `rows`. */
  async replacePending(
    sql: Sql,
    bucket: number,
    { sources, rows }: { sources: readonly PendingSource[]; rows: readonly AccountPending[] },
  ): Promise<void> {
    await sql.query(REPLACE_PENDING, [
      bucket,
      plainArray(sources, ({ accountId }) => accountId),
      textArray(sources, ({ source }) => source),
      plainArray(rows, ({ accountId }) => accountId),
      plainArray(rows, ({ asset }) => asset),
      textArray(rows, ({ source }) => source),
      plainArray(rows, ({ debit }) => debit),
      plainArray(rows, ({ credit }) => credit),
      plainArray(rows, ({ amount }) => fullDecimal(amount)),
    ]);
  }

  async balances(sql: Sql, account: AccountRef): Promise<LedgerBalance[]> {
    const rows = await sql.query<BalanceRow>(READ_BALANCES, [account.bucket, account.id]);
    return rows.map(({ name, asset, posted, with_pending }) => ({
      name,
      asset,
      posted: parseQuantity(posted),
      withPending: parseQuantity(with_pending),
    }));
  }
}

interface BalanceRow {
  name: LedgerName;
  asset: Asset;
  posted: string;
  with_pending: string;
}

function transferOf(row: TransferRow): StoredTransfer {
  const { id, asset, debit, credit, kind, source, reverses } = row;
  return {
    ...{ id, asset, debit, credit, kind, source, reverses },
    amount: parseQuantity(row.amount),
    effectiveAt: row.effective_at,
    recordedAt: row.recorded_at,
    position: { at: Number(row.recorded_micros), id },
  };
}
