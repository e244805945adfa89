import { Injectable } from '@nestjs/common';
import type { ExceedPolicy } from '../core/allowance';
import type { AccountRef } from '../core/account';
import type { Stretch } from '../core/contribution';
import type { Sql } from '../platform/transaction';
import type { ReservationState } from './reservation.commands';

/** One item as it was asked for; amounts as plain decimals in base units. */
export interface StoredItem {
  readonly meter: string;
  readonly type: string | null;
  readonly quantity: string;
  readonly resource: string | null;
  readonly properties: Record<string, unknown> | null;
}

/** What one counter holds for a reservation. */
export interface StoredHold {
  readonly meter_id: number;
  readonly quantity: string;
}

/** What a commit answered for one item. */
export interface StoredCount {
  readonly quantity: string;
  readonly used: string;
  readonly limit: string | null;
  readonly onExceed: ExceedPolicy;
}

export interface StoredReservation {
  readonly id: string;
  readonly state: ReservationState;
  readonly content: string;
  readonly segment: Stretch;
  readonly expiresAt: Date;
  readonly asked: readonly StoredItem[];
  readonly holds: readonly StoredHold[];
  readonly counted: readonly StoredCount[] | null;
}

interface Row {
  id: string;
  state: ReservationState;
  content: string;
  segment_from: Date;
  segment_to: Date;
  expires_at: Date;
  asked: StoredItem[];
  holds: StoredHold[];
  counted: StoredCount[] | null;
}

const FIND_RESERVATION = `
  select id, state, content, segment_from, segment_to, expires_at, asked, holds, counted
  from reservation where bucket = $1 and account_id = $2 and id = $3`;

const INSERT_RESERVATION_ONCE = `
  insert into reservation (bucket, account_id, id, state, content, segment_from, segment_to, expires_at, asked, holds)
  values ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9)
  on conflict do nothing returning id`;

/** Whoever comes second finds it ended. An expired one may still be committed: its use is then judged anew. */
const END_RESERVATION_ONCE = `
  update reservation set state = $4, counted = $5, ended_at = now()
  where bucket = $1 and account_id = $2 and id = $3 and state = any($6::text[]) returning id`;

const LIST_LAPSED = `
  select bucket, account_id, id from reservation where state = 'open' and expires_at <= $1 order by expires_at limit $2`;

const COUNT_OPEN = `select count(*)::int as open from reservation where state = 'open'`;

@Injectable()
export class ReservationRepository {
  async find(sql: Sql, account: AccountRef, id: string): Promise<StoredReservation | null> {
    const [row] = await sql.query<Row>(FIND_RESERVATION, [account.bucket, account.id, id]);
    if (!row) return null;
    const { segment_from: from, segment_to: to, expires_at: expiresAt, ...rest } = row;
    return { ...rest, expiresAt, segment: { from: from.getTime(), to: to.getTime() } };
  }

  /** False = there is one of this id. */
  async insert(
    sql: Sql,
    account: AccountRef,
    reservation: Omit<StoredReservation, 'state' | 'counted'>,
  ): Promise<boolean> {
    const { id, content, segment, expiresAt, asked, holds } = reservation;
    const rows = await sql.query(INSERT_RESERVATION_ONCE, [
      ...[account.bucket, account.id, id, content, new Date(segment.from), new Date(segment.to), expiresAt],
      ...[JSON.stringify(asked), JSON.stringify(holds)],
    ]);
    return rows.length > 0;
  }

  /** False = it is in none of the states `from`. */
  async end(
    sql: Sql,
    account: AccountRef,
    change: {
      readonly id: string;
      readonly state: ReservationState;
      readonly from: readonly ReservationState[];
      readonly counted?: readonly StoredCount[];
    },
  ): Promise<boolean> {
    const counted = change.counted ? JSON.stringify(change.counted) : null;
    const values = [account.bucket, account.id, change.id, change.state, counted, change.from];
    return (await sql.query(END_RESERVATION_ONCE, values)).length > 0;
  }

  /** Open ones whose time is over, the oldest first. */
  async lapsed(
    sql: Sql,
    now: Date,
    most: number,
  ): Promise<{ accountId: number; bucket: number; id: string }[]> {
    const rows = await sql.query<{ bucket: number; account_id: string; id: string }>(LIST_LAPSED, [
      now,
      most,
    ]);
    return rows.map(({ bucket, account_id, id }) => ({ bucket, accountId: Number(account_id), id }));
  }

  async countOpen(sql: Sql): Promise<number> {
    return (await sql.query<{ open: number }>(COUNT_OPEN))[0]!.open;
  }
}
