import { Injectable } from '@nestjs/common';
import type { AccountKey } from '../../core/account-key';
import { accountsWithin, type Reach } from '../account-reach';
import { Database, type Sql } from '../transaction';

/** Something commercially notable that happened to an account. */
export interface BillingEvent {
  readonly id: string;
  readonly bucket: number;
  readonly accountId: number;
  readonly account: AccountKey;
  /** When it was recorded, by the clock of the database. */
  readonly at: Date;
  readonly type: string;
  readonly data: unknown;
}

export interface NewBillingEvent extends Omit<BillingEvent, 'at' | 'account'> {
  readonly key: string;
}

/** Where an event is found. */
export type BillingEventKey = Pick<BillingEvent, 'bucket' | 'accountId' | 'id'>;

/** Keyed and sorted: the same thing told twice is one event, and two tellers wait in one order. */
const ADD_EVENTS_ONCE = `
  insert into billing_event (bucket, account_id, id, type, key, data)
  select * from unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::jsonb[])
    as e(bucket, account_id, id, type, key, data)
  order by e.bucket, e.account_id, e.key
  on conflict (bucket, account_id, key) do nothing
  returning id`;

const EVENTS = `
  select e.id, e.bucket, e.account_id, a.key as account, e.at, e.type, e.data
  from billing_event e join account a on a.id = e.account_id`;

const FIND_EVENT = `${EVENTS} where e.bucket = $1 and e.account_id = $2 and e.id = $3`;

const FIND_EVENTS = `${EVENTS} where e.id = any($1::uuid[]) order by e.id`;

const READ_FROM = `${EVENTS} where e.id >= $1 order by e.id limit $2`;

/** Newest first. A prefix is compared as text, so that nothing in it is a wildcard. */
const LIST_EVENTS = `
  ${EVENTS}
  where ($2::uuid is null or e.id < $2)
    and ($3::text is null or e.account_id = (select id from account where key = $3))
    and ($4::text is null or e.type = $4 or (right($4, 2) = '.*' and starts_with(e.type, left($4, -1))))
    and ${accountsWithin('a.key', 5)}
  order by e.id desc limit $1`;

type EventRow = Omit<BillingEvent, 'accountId'> & { account_id: string };

/** The rows of `billing_event`. */
@Injectable()
export class BillingEventRepository {
  constructor(private readonly database: Database) {}

  /** The ids of those that were not there yet. */
  async add(sql: Sql, events: readonly NewBillingEvent[]): Promise<string[]> {
    const rows = await sql.query<{ id: string }>(ADD_EVENTS_ONCE, [
      events.map(({ bucket }) => bucket),
      events.map(({ accountId }) => accountId),
      events.map(({ id }) => id),
      events.map(({ type }) => type),
      events.map(({ key }) => key),
      events.map(({ data }) => JSON.stringify(data ?? {})),
    ]);
    return rows.map(({ id }) => id);
  }

  async find({ bucket, accountId, id }: BillingEventKey): Promise<BillingEvent | null> {
    return (await this.database.query<EventRow>(FIND_EVENT, [bucket, accountId, id])).map(eventOf)[0] ?? null;
  }

  /** Those that there are. */
  async findAll(ids: readonly string[]): Promise<BillingEvent[]> {
    return (await this.database.query<EventRow>(FIND_EVENTS, [ids])).map(eventOf);
  }

  /** The oldest so many from an id on. */
  async from(id: string, limit: number): Promise<BillingEvent[]> {
    return (await this.database.query<EventRow>(READ_FROM, [id, limit])).map(eventOf);
  }

  /** One page, newest first, of what the caller may see. */
  async list(
    limit: number,
    filter: { before: string | null; account: AccountKey | null; type: string | null; reach: Reach },
  ): Promise<BillingEvent[]> {
    const values = [limit, filter.before, filter.account, filter.type, filter.reach];
    return (await this.database.query<EventRow>(LIST_EVENTS, values)).map(eventOf);
  }
}

function eventOf({ account_id, ...row }: EventRow): BillingEvent {
  return { ...row, accountId: Number(account_id) };
}
