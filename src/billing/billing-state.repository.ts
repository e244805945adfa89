import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { Ratio } from '../core/ratio';
import { parseRatioText, ratioText } from '../core/ratio-text';
import type { RunClock } from '../platform/account-clock';
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
  /** The newest that was computed; null = nothing was yet. */
  readonly carried: CarriedOver | null;
}

/** What is handed to the period that begins at `into`, by meter, in units of the meter. */
export interface CarriedOver {
  readonly into: number;
  readonly units: ReadonlyMap<string, Ratio>;
}

const AT = (ms: string): string => `timestamptz 'epoch' + ${ms} * interval '1 millisecond'`;
const MS = (at: string): string => `(extract(epoch from ${at}) * 1000)::bigint`;

const COLUMNS = `bucket, account_id, ${MS('open_from')} as open_from, ${MS('due_at')} as due_at, revision, carried`;

/** Buckets in which a period is over, for whichever clock. */
const FIND_DUE_BUCKETS = `select distinct bucket from billing_state where due_at <= $1 order by bucket`;

/** Whoever is at it already does it; the others take the next ones. The clock is looked up for the rows that are taken only. */
const CLAIM_DUE = `
  select s.bucket, s.account_id, ${MS('s.open_from')} as open_from, ${MS('s.due_at')} as due_at, s.revision, s.carried
  from billing_state s
  where s.bucket = $4 and s.due_at <= $1 and (select a.test_clock_id from account a where a.id = s.account_id) is not distinct from $2::uuid
  order by s.due_at limit $3 for update of s skip locked`;

const READ_STATES = `
  select ${COLUMNS} from billing_state where bucket = $1 and account_id = any($2::bigint[])`;

/**
 * An account that was not billed for a while does not go back to where it was billed last. One that waits for a plan agreed
 * to for later is billed from now on when it takes one earlier.
 */
const OPEN = `
  insert into billing_state as s (bucket, account_id, open_from, due_at) values ($1, $2, ${AT('$3::bigint')}, ${AT('$4::bigint')})
  on conflict (bucket, account_id) do update set open_from = excluded.open_from, due_at = excluded.due_at
    where s.due_at > excluded.due_at or s.due_at is null and s.open_from <= excluded.open_from`;

const MOVE_ON = `
  update billing_state s set open_from = ${AT('m.open_ms')}, due_at = ${AT('m.due_ms')}
  from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[]) as m(bucket, account_id, open_ms, due_ms)
  where s.bucket = m.bucket and s.account_id = m.account_id`;

const SETTLE = `
  update billing_state s set revision = coalesce(m.revision, s.revision), carried = nullif(m.carried, '')::json
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
  carried: { into: number; units: Record<string, string> } | null;
}

/** The rows of `billing_state`. */
@Injectable()
export class BillingStateRepository {
  constructor(private readonly database: Database) {}

  async dueBuckets(now: Date): Promise<number[]> {
    const rows = await this.database.query<{ bucket: number }>(FIND_DUE_BUCKETS, [now]);
    return rows.map(({ bucket }) => bucket);
  }

  /** States of a bucket whose period is over, of accounts that live by the clock, locked until the transaction ends. */
  async claimDue(
    sql: Sql,
    bucket: number,
    { now, testClock, limit }: RunClock & { limit: number },
  ): Promise<BillingState[]> {
    return (await sql.query<StateRow>(CLAIM_DUE, [now, testClock, limit, bucket])).map(stateOf);
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

  /** Notes what the last period's invoices read; a revision that is null stays what it was. */
  async settle(
    sql: Sql,
    bucket: number,
    states: readonly (Pick<BillingState, 'id' | 'carried'> & { readonly revision: bigint | null })[],
  ): Promise<void> {
    if (states.length === 0) return;
    await sql.query(SETTLE, [
      bucket,
      plainArray(states, ({ id }) => id),
      plainArray(states, ({ revision }) => revision),
      textArray(states, ({ carried }) => (carried === null ? '' : carriedJson(carried))),
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
    carried: row.carried && { into: row.carried.into, units: ratiosOf(row.carried.units) },
  };
}

function carriedJson({ into, units }: CarriedOver): string {
  return JSON.stringify({
    into,
    units: Object.fromEntries([...units].map(([meter, value]) => [meter, ratioText(value)])),
  });
}

const ratiosOf = (texts: Readonly<Record<string, string>>): ReadonlyMap<string, Ratio> =>
  new Map(Object.entries(texts).map(([meter, text]) => [meter, parseRatioText(text)]));
