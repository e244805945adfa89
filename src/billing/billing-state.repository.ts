import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { plainArray, textArray } from '../platform/array-literal';
import { Database, type Sql } from '../platform/transaction';

/** Up to when an account has been billed; instants in milliseconds since 1970. */
export interface BillingState extends AccountRef {
  /** Where the first period begins that has no invoice yet. */
  readonly openFrom: number;
  /** The end of that period; null = nothing is billed. */
  readonly dueAt: number | null;
  /** Of the counters of the last billed period, as its invoice read them. */
  readonly revision: bigint;
  /** What the last billed period handed on, by meter, exact text in units of the meter; null = nothing. */
  readonly carried: Readonly<Record<string, string>> | null;
}

const AT = (ms: string): string => `timestamptz 'epoch' + ${ms} * interval '1 millisecond'`;
const MS = (at: string): string => `(extract(epoch from ${at}) * 1000)::bigint`;

const COLUMNS = `bucket, account_id, ${MS('open_from')} as open_from, ${MS('due_at')} as due_at, revision, carried`;

/** Whoever is at it already does it; the others take the next ones. */
const CLAIM_DUE = `
  select s.bucket, s.account_id, ${MS('s.open_from')} as open_from, ${MS('s.due_at')} as due_at, s.revision, s.carried
  from billing_state s
  where s.due_at <= $1 and exists (select from account a
    where a.id = s.account_id and a.test_clock_id is not distinct from $2::uuid)
  order by s.due_at limit $3 for update of s skip locked`;

const READ_STATES = `
  select ${COLUMNS} from billing_state where bucket = $1 and account_id = any($2::bigint[])`;

/** An account that was not billed for a while does not go back to where it was billed last. */
const OPEN = `
  insert into billing_state as s (bucket, account_id, open_from, due_at) values ($1, $2, ${AT('$3::bigint')}, ${AT('$4::bigint')})
  on conflict (bucket, account_id) do update
    set open_from = greatest(s.open_from, excluded.open_from),
      due_at = case when s.open_from > excluded.open_from then s.due_at else excluded.due_at end
    where s.due_at is null`;

const MOVE_ON = `
  update billing_state s set open_from = ${AT('m.open_ms')}, due_at = ${AT('m.due_ms')}
  from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[]) as m(bucket, account_id, open_ms, due_ms)
  where s.bucket = m.bucket and s.account_id = m.account_id`;

const SETTLE = `
  update billing_state s set revision = m.revision, carried = nullif(m.carried, '')::json
  from unnest($2::bigint[], $3::bigint[], $4::text[]) as m(account_id, revision, carried)
  where s.bucket = $1 and s.account_id = m.account_id`;

/** The beginning of the oldest period that is still to be rated: it has no invoice yet, or only a draft. */
const READ_OLDEST_UNBILLED = `
  select least(
    (select min(open_from) from billing_state where due_at is not null),
    (select min(period_from) from invoice where status = 'draft')) as oldest`;

interface StateRow {
  bucket: number;
  account_id: string;
  open_from: string;
  due_at: string | null;
  revision: string;
  carried: Record<string, string> | null;
}

/** The rows of `billing_state`. */
@Injectable()
export class BillingStateRepository {
  constructor(private readonly database: Database) {}

  /** States whose period is over at `now`, of accounts that live by the clock, locked until the transaction ends. */
  async claimDue(
    sql: Sql,
    { now, testClock, limit }: { now: Date; testClock: string | null; limit: number },
  ): Promise<BillingState[]> {
    return (await sql.query<StateRow>(CLAIM_DUE, [now, testClock, limit])).map(stateOf);
  }

  /** Those that exist, by account id. */
  async read(
    bucket: number,
    accountIds: readonly number[],
    sql: Sql = this.database,
  ): Promise<Map<number, BillingState>> {
    const rows = await sql.query<StateRow>(READ_STATES, [bucket, accountIds]);
    return new Map(rows.map(stateOf).map((state) => [state.id, state]));
  }

  /** Bills an account from a period on, unless it is billed already. */
  async open(
    sql: Sql,
    account: AccountRef,
    { openFrom, dueAt }: { openFrom: number; dueAt: number },
  ): Promise<void> {
    await sql.query(OPEN, [account.bucket, account.id, openFrom, dueAt]);
  }

  async moveOn(
    sql: Sql,
    states: readonly Pick<BillingState, 'bucket' | 'id' | 'openFrom' | 'dueAt'>[],
  ): Promise<void> {
    await sql.query(MOVE_ON, [
      plainArray(states, ({ bucket }) => bucket),
      plainArray(states, ({ id }) => id),
      plainArray(states, ({ openFrom }) => openFrom),
      plainArray(states, ({ dueAt }) => dueAt),
    ]);
  }

  /** Where the oldest period begins whose usage is not billed; null = there is none. */
  async oldestUnbilled(sql: Sql): Promise<Date | null> {
    const [row] = await sql.query<{ oldest: Date | null }>(READ_OLDEST_UNBILLED);
    return row!.oldest;
  }

  /** Notes what the last period's invoices read. */
  async settle(
    sql: Sql,
    bucket: number,
    states: readonly Pick<BillingState, 'id' | 'revision' | 'carried'>[],
  ): Promise<void> {
    if (states.length === 0) return;
    await sql.query(SETTLE, [
      bucket,
      plainArray(states, ({ id }) => id),
      plainArray(states, ({ revision }) => revision.toString()),
      textArray(states, ({ carried }) => (carried === null ? '' : JSON.stringify(carried))),
    ]);
  }
}

function stateOf(row: StateRow): BillingState {
  return {
    bucket: row.bucket,
    id: Number(row.account_id),
    openFrom: Number(row.open_from),
    dueAt: row.due_at === null ? null : Number(row.due_at),
    revision: BigInt(row.revision),
    carried: row.carried,
  };
}
