import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { parseQuantity, type Quantity } from '../core/quantity';
import { INSTANT_OF, MS_OF } from '../platform/sql-instant';
import { Database } from '../platform/transaction';
import type { CrossingPosition, OveragePosition } from './limit-request.commands';

/** How far one accepted event went beyond a limit; amounts in base units. */
export interface StoredOverage {
  readonly meterId: number;
  readonly key: string;
  readonly recordedAt: Date;
  /** The same in microseconds since 1970, as text. */
  readonly recordedMicros: string;
  readonly segmentFrom: Date;
  readonly quantity: Quantity;
  readonly limit: Quantity;
}

/** A threshold of a limit that was reached; amounts in base units. */
export interface StoredCrossing {
  readonly meterId: number;
  readonly percent: number;
  readonly from: Date;
  readonly to: Date;
  readonly crossedAt: Date;
  readonly used: Quantity;
  readonly limit: Quantity;
}

const LIST_OVERAGES_NEWEST_FIRST = `
  select meter_id, key, recorded_at, (extract(epoch from recorded_at) * 1000000)::bigint::text as micros, segment_from,
    quantity::text, limit_then::text
  from usage_overage
  where bucket = $1 and account_id = $2 and ($4::bigint is null or (recorded_at, key, meter_id) <
    (timestamptz 'epoch' + $4::bigint * interval '1 microsecond', $5::uuid, $6::int))
  order by recorded_at desc, key desc, meter_id desc limit $3`;

const LIST_CROSSINGS_NEWEST_FIRST = `
  select meter_id, percent, segment_from, segment_to, crossed_at, used::text, limit_then::text
  from limit_crossing
  where bucket = $1 and account_id = $2 and ($4::bigint is null or (${MS_OF('crossed_at')}, meter_id, segment_from, percent) <
    ($4::bigint, $5::int, ${INSTANT_OF('$6::bigint')}, $7::int))
  order by crossed_at desc, meter_id desc, segment_from desc, percent desc limit $3`;

/** Reads what was recorded about limits. */
@Injectable()
export class LimitFactsRepository {
  constructor(private readonly database: Database) {}

  async overages(
    account: AccountRef,
    limit: number,
    after: OveragePosition | null,
  ): Promise<StoredOverage[]> {
    const rows = await this.database.query<{
      meter_id: number;
      key: string;
      recorded_at: Date;
      micros: string;
      segment_from: Date;
      quantity: string;
      limit_then: string;
    }>(LIST_OVERAGES_NEWEST_FIRST, [
      ...[account.bucket, account.id, limit],
      ...[after?.at ?? null, after?.key ?? null, after?.meter ?? null],
    ]);
    return rows.map((row) => ({
      ...{ meterId: row.meter_id, key: row.key, recordedAt: row.recorded_at, recordedMicros: row.micros },
      segmentFrom: row.segment_from,
      quantity: parseQuantity(row.quantity),
      limit: parseQuantity(row.limit_then),
    }));
  }

  async crossings(
    account: AccountRef,
    limit: number,
    after: CrossingPosition | null,
  ): Promise<StoredCrossing[]> {
    const rows = await this.database.query<{
      meter_id: number;
      percent: number;
      segment_from: Date;
      segment_to: Date;
      crossed_at: Date;
      used: string;
      limit_then: string;
    }>(LIST_CROSSINGS_NEWEST_FIRST, [
      ...[account.bucket, account.id, limit],
      ...[after?.at ?? null, after?.meter ?? null, after?.from ?? null, after?.percent ?? null],
    ]);
    return rows.map((row) => ({
      ...{ meterId: row.meter_id, percent: row.percent, from: row.segment_from, to: row.segment_to },
      crossedAt: row.crossed_at,
      used: parseQuantity(row.used),
      limit: parseQuantity(row.limit_then),
    }));
  }
}
