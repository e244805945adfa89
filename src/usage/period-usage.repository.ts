import { Injectable } from '@nestjs/common';
import { type Quantity, parseQuantity } from '../core/quantity';
import type { RollupState } from '../core/rollup';
import { plainArray } from '../platform/array-literal';
import { INSTANT_OF } from '../platform/sql-instant';
import type { Sql } from '../platform/transaction';
import { rollupStateOf } from './rollup.repository';

/** The counter of one meter of one account in one period. */
export interface PeriodCounter {
  readonly accountId: number;
  readonly meterId: number;
  readonly from: number;
}

export interface StoredPeriodCounter extends PeriodCounter {
  readonly state: RollupState;
  /** By how much the level of a gauge changed in the period. */
  readonly delta: Quantity;
  readonly revision: bigint;
}

const ASKED = `unnest($2::bigint[], $3::int[], $4::bigint[]) as q(account_id, meter_id, from_ms)`;

/** One look into the primary key for each, however long the history of its account is. */
const READ_PERIOD_COUNTERS = `
  select q.account_id, q.meter_id, q.from_ms, c.sum, c.count, c.min, c.max, c.last_at, c.last_key, c.last_value, c.delta, c.revision
  from ${ASKED}
  cross join lateral (
    select * from usage_counter c
    where c.bucket = $1 and c.account_id = q.account_id and c.meter_id = q.meter_id
      and c.segment_from = ${INSTANT_OF('q.from_ms')} and c.dims = ''
    offset 0) c`;

const READ_LEVELS_BEFORE = `
  select q.account_id, q.meter_id, q.from_ms, sum(c.delta) as level
  from ${ASKED}
  join usage_counter c on c.bucket = $1 and c.account_id = q.account_id and c.meter_id = q.meter_id
    and c.segment_from < ${INSTANT_OF('q.from_ms')} and c.dims = ''
  group by 1, 2, 3`;

interface CounterRow {
  account_id: string;
  meter_id: number;
  from_ms: string;
  sum: string;
  count: string;
  min: string | null;
  max: string | null;
  last_at: Date | null;
  last_key: string | null;
  last_value: string | null;
  delta: string;
  revision: string;
}

/** Counters of whole periods, for many accounts of a bucket at once. */
@Injectable()
export class PeriodUsageRepository {
  async counters(sql: Sql, bucket: number, asked: readonly PeriodCounter[]): Promise<StoredPeriodCounter[]> {
    if (asked.length === 0) return [];
    const rows = await sql.query<CounterRow>(READ_PERIOD_COUNTERS, askedValues(bucket, asked));
    return rows.map((row) => ({
      ...placeOf(row),
      state: rollupStateOf(row),
      delta: parseQuantity(row.delta),
      revision: BigInt(row.revision),
    }));
  }

  /** The total level of gauges when the periods began. */
  async levelsBefore(
    sql: Sql,
    bucket: number,
    asked: readonly PeriodCounter[],
  ): Promise<(PeriodCounter & { level: Quantity })[]> {
    if (asked.length === 0) return [];
    const rows = await sql.query<CounterRow & { level: string }>(
      READ_LEVELS_BEFORE,
      askedValues(bucket, asked),
    );
    return rows.map((row) => ({ ...placeOf(row), level: parseQuantity(row.level) }));
  }
}

function askedValues(bucket: number, asked: readonly PeriodCounter[]): unknown[] {
  return [
    bucket,
    plainArray(asked, ({ accountId }) => accountId),
    plainArray(asked, ({ meterId }) => meterId),
    plainArray(asked, ({ from }) => from),
  ];
}

function placeOf(row: Pick<CounterRow, 'account_id' | 'meter_id' | 'from_ms'>): PeriodCounter {
  return { accountId: Number(row.account_id), meterId: row.meter_id, from: Number(row.from_ms) };
}
