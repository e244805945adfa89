import { Injectable } from '@nestjs/common';
import type { Stretch, Sum } from '../core/contribution';
import { parseQuantity } from '../core/quantity';
import type { RollupState } from '../core/rollup';
import { INSTANT_OF } from '../platform/sql-instant';
import type { Sql } from '../platform/transaction';
import { sumArrays } from './sum-arrays';

export type RollupTable = 'usage_window' | 'usage_day';

const STATES_SENT = `
  select s.bucket, s.account_id, s.meter_id, s.dims, ${INSTANT_OF('s.from_ms')}, ${INSTANT_OF('s.to_ms')}, s.sum, s.count, s.min, s.max,
    ${INSTANT_OF('s.last_ms')}, s.last_key, s.last_value
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[], $6::text[], $7::numeric[], $8::bigint[],
    $9::numeric[], $10::numeric[], $11::bigint[], $12::uuid[], $13::numeric[])
    as s(bucket, account_id, meter_id, from_ms, to_ms, dims, sum, count, min, max, last_ms, last_key, last_value)
  order by 1, 2, 3, 5, 4`;

const COLUMNS = `bucket, account_id, meter_id, dims, from_at, to_at, sum, count, min, max, last_at, last_key, last_value`;

const MERGE_STATES = (table: RollupTable): string => `
  insert into ${table} as w (${COLUMNS}) ${STATES_SENT}
  on conflict (bucket, account_id, meter_id, from_at, dims) do update set
    sum = w.sum + excluded.sum,
    count = w.count + excluded.count,
    min = least(w.min, excluded.min),
    max = greatest(w.max, excluded.max),
    (last_at, last_key, last_value) = (
      select l.at, l.key, l.value
      from (values (w.last_at, w.last_key, w.last_value), (excluded.last_at, excluded.last_key, excluded.last_value)) as l(at, key, value)
      order by l.at desc nulls last, l.key desc nulls last limit 1)`;

/** Marks of one statement: enough to be worth a commit, few enough not to keep others from the processor for long. */
const MARKS_AT_ONCE = 500;
const WINDOWS_AT_ONCE = 10_000;

const ADD_MARKED = (table: RollupTable, from: string, to: string): string => `
  insert into ${table} as w (bucket, account_id, meter_id, dims, from_at, to_at, sum, count, min, max)
  select bucket, account_id, meter_id, dims, ${INSTANT_OF(from)}, ${INSTANT_OF(to)}, sum(sum), sum(count)::bigint, min(min), max(max)
  from marked group by bucket, account_id, meter_id, dims, ${from}, ${to}
  order by bucket, account_id, meter_id, ${from}, dims
  on conflict (bucket, account_id, meter_id, from_at, dims) do update set
    sum = w.sum + excluded.sum,
    count = w.count + excluded.count,
    min = least(w.min, excluded.min),
    max = greatest(w.max, excluded.max)`;

/**
 * Deleting a mark and adding what it says commit together: a mark is never lost and never applied twice. What cannot be
 * added up here is handed out.
 */
const CONSUME_MARKS_AND_ADD = {
  name: 'consume-marks-and-add',
  text: `
  with oldest as (select id, windows from work_mark order by id limit ${MARKS_AT_ONCE}),
  chosen as materialized (
    select id from (select id, sum(windows) over (order by id) - windows as before from oldest) o
    where before < ${WINDOWS_AT_ONCE}),
  consumed as (delete from work_mark where id = any(array(select id from chosen)) returning *),
  marked as materialized (
    select r.* from consumed c
    cross join lateral unnest(c.buckets, c.account_ids, c.meter_ids, c.dims, c.from_ms, c.to_ms, c.day_from_ms, c.day_to_ms,
      c.sums, c.counts, c.mins, c.maxs)
      as r(bucket, account_id, meter_id, dims, from_ms, to_ms, day_from_ms, day_to_ms, sum, count, min, max)),
  windows as (${ADD_MARKED('usage_window', 'from_ms', 'to_ms')}),
  days as (${ADD_MARKED('usage_day', 'day_from_ms', 'day_to_ms')})
  select (select max(id) from chosen) is not distinct from (select max(id) from work_mark) as last,
    array(select marks from consumed where marks is not null) as marks`,
};

/** Whoever watches wants to know that it is too many, not how many too many. */
const COUNT_MARKS = 'select count(*)::int as marks from (select from work_mark limit 100000) m';

const SET_STATES = (table: RollupTable): string => `
  insert into ${table} (${COLUMNS}) ${STATES_SENT}
  on conflict (bucket, account_id, meter_id, from_at, dims) do update set
    sum = excluded.sum, count = excluded.count, min = excluded.min, max = excluded.max,
    last_at = excluded.last_at, last_key = excluded.last_key, last_value = excluded.last_value`;

const READ_WINDOWS_OF_DAY = `
  select dims, sum, count, min, max, last_at, last_key, last_value from usage_window
  where bucket = $1 and account_id = $2 and meter_id = $3 and from_at >= $4 and from_at < $5 and dims = $6`;

interface StateRow {
  sum: string;
  count: string;
  min: string | null;
  max: string | null;
  last_at: Date | null;
  last_key: string | null;
  last_value: string | null;
}

/** SQL of rollup windows and days; every method runs inside the caller's transaction. */
@Injectable()
export class RollupRepository {
  /** Takes the oldest marks away and adds up what SQL can; `last` = these were the last ones this snapshot shows. */
  async consumeMarks(sql: Sql): Promise<{ marks: string[]; last: boolean }> {
    return (await sql.query<{ marks: string[]; last: boolean }>(CONSUME_MARKS_AND_ADD))[0]!;
  }

  /** How many marks wait, up to a hundred thousand. */
  async countMarks(sql: Sql): Promise<number> {
    return (await sql.query<{ marks: number }>(COUNT_MARKS))[0]!.marks;
  }

  async merge(sql: Sql, table: RollupTable, sums: readonly Sum[]): Promise<void> {
    if (sums.length > 0) await sql.query(MERGE_STATES(table), sumArrays(sums));
  }

  async set(sql: Sql, table: RollupTable, sums: readonly Sum[]): Promise<void> {
    if (sums.length > 0) await sql.query(SET_STATES(table), sumArrays(sums));
  }

  async windowsOfDay(sql: Sql, sum: Sum, day: Stretch): Promise<RollupState[]> {
    const { bucket, accountId, meterId, dims } = sum;
    const values = [bucket, accountId, meterId, new Date(day.from), new Date(day.to), dims];
    return (await sql.query<StateRow>(READ_WINDOWS_OF_DAY, values)).map(rollupStateOf);
  }
}

/** A stored state as core folds it. */
export function rollupStateOf(row: StateRow): RollupState {
  return {
    sum: parseQuantity(row.sum),
    count: BigInt(row.count),
    min: row.min === null ? null : parseQuantity(row.min),
    max: row.max === null ? null : parseQuantity(row.max),
    last:
      row.last_at === null
        ? null
        : { at: row.last_at.getTime(), key: row.last_key!, value: parseQuantity(row.last_value!) },
  };
}
