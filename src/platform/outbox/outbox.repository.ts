import { Injectable } from '@nestjs/common';
import { accountsWithin, type Reach } from '../account-reach';
import { Database, type Sql } from '../transaction';

export const OUTBOX_STATES = ['due', 'done', 'parked'] as const;
export type OutboxState = (typeof OUTBOX_STATES)[number];

/** A promise as it is stored. */
export interface NewMessage {
  readonly id: string;
  readonly bucket: number;
  readonly accountId: number;
  readonly topic: string;
  readonly key: string;
  readonly payload: unknown;
  readonly dueAt: Date | null;
}

/** A message somebody has taken, with the token that proves it. */
export interface ClaimedMessage extends Omit<NewMessage, 'dueAt'> {
  /** Counts from 1. */
  readonly attempt: number;
  readonly token: string;
}

/** A message as it is shown; what it carries is not. */
export interface ListedMessage {
  readonly id: string;
  readonly account: string | null;
  readonly topic: string;
  readonly key: string;
  readonly state: OutboxState;
  readonly attempts: number;
  readonly due_at: Date;
  readonly last_error: string | null;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

/** How much to take and for how long. */
export interface Claim {
  readonly token: string;
  readonly topics: readonly string[];
  readonly limit: number;
  readonly perAccount: number;
  readonly leaseMs: number;
  /** Accounts that have enough under way. */
  readonly busy: readonly number[];
  /** Accounts after this one come first, so that everybody's turn comes. */
  readonly after: { readonly bucket: number; readonly accountId: number };
}

/** Keyed: the same cause twice is one row. Sorted, so that two writers of the same keys wait in one order. */
const ADD_MESSAGES_ONCE = `
  insert into outbox (bucket, account_id, id, topic, key, payload, due_at)
  select bucket, account_id, id, topic, key, payload, coalesce(due_at, now())
  from unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::jsonb[], $7::timestamptz[])
    as m(bucket, account_id, id, topic, key, payload, due_at)
  order by bucket, account_id, key
  on conflict (bucket, account_id, key) do nothing
  returning id`;

/**
 * Takes what is due, at most so many of one account, the oldest first, and skips what others are taking. Accounts are found
 * by hopping through the index from one to the next, so that a backlog of one costs the others nothing. Taking a message
 * moves its next attempt to the end of the lease: whoever dies is succeeded then.
 */
const CLAIM_DUE = `
  with recursive hop as (
    (select bucket, account_id, due_at from outbox
      where state = 'due' and (bucket, account_id) > ($6::smallint, $7::bigint)
      order by bucket, account_id, due_at limit 1)
    union all
    select n.bucket, n.account_id, n.due_at from hop h cross join lateral (
      select bucket, account_id, due_at from outbox
      where state = 'due' and (bucket, account_id) > (h.bucket, h.account_id)
      order by bucket, account_id, due_at limit 1) n),
  turn as (
    select bucket, account_id from hop where due_at <= now() and account_id <> all ($8::bigint[]) limit $3),
  claimed as materialized (
    select m.bucket, m.account_id, m.id from turn t cross join lateral (
      select bucket, account_id, id from outbox o
      where o.state = 'due' and o.bucket = t.bucket and o.account_id = t.account_id
        and o.due_at <= now() and o.topic = any($2::text[])
      order by o.due_at limit $4 for update skip locked) m
    limit $3)
  update outbox o
  set attempts = o.attempts + 1, lease_token = $1,
      lease_until = now() + $5 * interval '1 millisecond', due_at = now() + $5 * interval '1 millisecond'
  from claimed c where o.bucket = c.bucket and o.account_id = c.account_id and o.id = c.id
  returning o.bucket, o.account_id, o.id, o.topic, o.key, o.payload, o.attempts`;

/** Only whoever still holds the message may say what became of it. */
const OWN = `bucket = $1 and account_id = $2 and id = $3 and lease_token = $4 and state = 'due'`;

const FINISH_OWN = `
  update outbox set state = 'done', finished_at = now(), lease_token = null, lease_until = null, last_error = null
  where ${OWN} returning id`;

const POSTPONE_OWN = `
  update outbox set due_at = now() + $5 * interval '1 millisecond', last_error = $6, lease_token = null, lease_until = null
  where ${OWN} returning id`;

const PARK_OWN = `
  update outbox set state = 'parked', last_error = $5, finished_at = now(), lease_token = null, lease_until = null
  where ${OWN} returning id`;

const LISTED = `o.id, a.key as account, o.topic, o.key, o.state, o.attempts, o.due_at, o.last_error, o.created_at, o.finished_at`;

const LIST_MESSAGES = `
  select ${LISTED} from outbox o left join account a on a.id = o.account_id
  where o.state = $2 and ($3::uuid is null or o.id < $3) and ${accountsWithin('a.key', 4)}
  order by o.id desc limit $1`;

const FIND_MESSAGE = `
  select ${LISTED} from outbox o left join account a on a.id = o.account_id
  where o.state = any(array['parked', 'due', 'done']) and o.id = $1 and ${accountsWithin('a.key', 2)}`;

/** A parked message begins anew; who comes second finds it due already. */
const RETRY_PARKED = `
  update outbox set state = 'due', attempts = 0, due_at = now(), finished_at = null
  where state = 'parked' and id = $1 returning id`;

const COUNT_WAITING = `
  select (select count(*) from outbox where state = 'due')::int as due,
         (select count(*) from outbox where state = 'parked')::int as parked`;

/** What is under way or was postponed is due later, so it does not count. */
const READ_LAG = `
  select coalesce(greatest(extract(epoch from now() - min(due_at)), 0), 0)::float8 as seconds
  from outbox where state = 'due'`;

interface ClaimedRow extends Pick<NewMessage, 'id' | 'bucket' | 'topic' | 'key' | 'payload'> {
  account_id: string;
  attempts: number;
}

/** The rows of `outbox`. */
@Injectable()
export class OutboxRepository {
  constructor(private readonly database: Database) {}

  /** The ids of those that were not there yet. */
  async add(sql: Sql, messages: readonly NewMessage[]): Promise<string[]> {
    const rows = await sql.query<{ id: string }>(ADD_MESSAGES_ONCE, [
      messages.map(({ bucket }) => bucket),
      messages.map(({ accountId }) => accountId),
      messages.map(({ id }) => id),
      messages.map(({ topic }) => topic),
      messages.map(({ key }) => key),
      messages.map(({ payload }) => JSON.stringify(payload ?? null)),
      messages.map(({ dueAt }) => dueAt),
    ]);
    return rows.map(({ id }) => id);
  }

  async claim({ token, topics, limit, perAccount, leaseMs, after, busy }: Claim): Promise<ClaimedMessage[]> {
    const values = [token, topics, limit, perAccount, leaseMs, after.bucket, after.accountId, busy];
    const rows = await this.database.query<ClaimedRow>(CLAIM_DUE, values);
    return rows.map(({ account_id, attempts, ...row }) => ({
      ...row,
      accountId: Number(account_id),
      attempt: attempts,
      token,
    }));
  }

  /** Each of these three says whether the message was still ours. */
  async finish(message: ClaimedMessage): Promise<boolean> {
    return (await this.database.query(FINISH_OWN, ownOf(message))).length > 0;
  }

  async postpone(message: ClaimedMessage, delayMs: number, error: string): Promise<boolean> {
    return (await this.database.query(POSTPONE_OWN, [...ownOf(message), delayMs, error])).length > 0;
  }

  async park(message: ClaimedMessage, error: string): Promise<boolean> {
    return (await this.database.query(PARK_OWN, [...ownOf(message), error])).length > 0;
  }

  /** One page of one state, newest first, of what the caller may see. */
  list(
    limit: number,
    { state, before, reach }: { state: OutboxState; before: string | null; reach: Reach },
  ): Promise<ListedMessage[]> {
    return this.database.query<ListedMessage>(LIST_MESSAGES, [limit, state, before, reach]);
  }

  async find(id: string, reach: Reach, sql: Sql = this.database): Promise<ListedMessage | null> {
    return (await sql.query<ListedMessage>(FIND_MESSAGE, [id, reach]))[0] ?? null;
  }

  async retry(sql: Sql, id: string): Promise<boolean> {
    return (await sql.query(RETRY_PARKED, [id])).length > 0;
  }

  async count(): Promise<{ due: number; parked: number }> {
    return (await this.database.query<{ due: number; parked: number }>(COUNT_WAITING))[0]!;
  }

  /** For how long the message that is due for longest has been due. */
  async lagSeconds(): Promise<number> {
    return (await this.database.query<{ seconds: number }>(READ_LAG))[0]!.seconds;
  }
}

function ownOf({ bucket, accountId, id, token }: ClaimedMessage): unknown[] {
  return [bucket, accountId, id, token];
}
