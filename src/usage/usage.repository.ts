import { Injectable } from '@nestjs/common';
import type { Groups } from '../core/grouping';
import type { RollupState } from '../core/rollup';
import type { Stretch } from '../core/contribution';
import type { Piece } from '../core/window-pieces';
import { plainArray, textArray } from '../platform/array-literal';
import type { Sql } from '../platform/transaction';
import { type RollupTable, rollupStateOf } from './rollup.repository';
import { type MeteredBy, ROWS_MAX, refuseTooMany } from './usage-question';
import { GRAIN } from './value.repository';

/** What is known of one group in one query window. */
export interface GroupState {
  readonly window: number;
  readonly group: number;
  readonly state: RollupState;
}

export interface GroupDistinct {
  readonly window: number;
  readonly group: number;
  readonly distinct: bigint;
}

/** A value read from an event itself, beside those of the stored windows. */
export interface RawValue {
  readonly window: number;
  readonly group: number;
  readonly value: string;
}

const AT = (ms: string): string => `timestamptz 'epoch' + ${ms} * interval '1 millisecond'`;

/**
 * Counters are written with each event, so they name every combination that windows and days can hold. In an order of their
 * own: what an invoice keeps of them does not depend on which was written first.
 */
const READ_DIMENSIONS = `
  select distinct dims from usage_counter
  where bucket = $1 and account_id = $2 and meter_id = $3 and segment_to > $4 and segment_from < $5 and dims <> ''
  order by dims`;

const HAS_EVENTS = `
  select exists (select from usage_event
    where account_id = $1 and occurred_at >= $2 and occurred_at < $3 and type = any($4::text[])) as found`;

/** `offset 0` keeps one look into the index per piece: folded into the join, a bad estimate could read all rows for each. */
const READ_STATES = (table: RollupTable): string => `
  select p.window, d.group, sum(r.sum) as sum, sum(r.count)::bigint as count, min(r.min) as min, max(r.max) as max,
    (array_agg(r.last_at order by r.last_at desc, r.last_key desc) filter (where r.last_at is not null))[1] as last_at,
    (array_agg(r.last_key order by r.last_at desc, r.last_key desc) filter (where r.last_at is not null))[1] as last_key,
    (array_agg(r.last_value order by r.last_at desc, r.last_key desc) filter (where r.last_at is not null))[1] as last_value
  from unnest($4::int[], $5::bigint[], $6::bigint[]) as p("window", from_ms, to_ms)
  cross join lateral (
    select * from ${table} w
    where w.bucket = $1 and w.account_id = $2 and w.meter_id = $3 and w.from_at >= ${AT('p.from_ms')} and w.from_at < ${AT('p.to_ms')}
    offset 0) r
  join unnest($7::text[], $8::int[]) as d(dims, "group") on d.dims = r.dims
  group by 1, 2 limit $9`;

/** A value seen in two windows of one piece, or in a window and among the raw values, counts once. */
const COUNT_DISTINCT = `
  select s.window, s.group, count(distinct s.value) as distinct_values
  from (
    select p.window, d.group, v.value
    from unnest($4::int[], $5::bigint[], $6::bigint[], $7::smallint[]) as p("window", from_ms, to_ms, grain)
    cross join lateral (
      select v.dims, v.value from usage_value v
      where v.bucket = $1 and v.account_id = $2 and v.meter_id = $3 and v.grain = p.grain
        and v.from_at >= ${AT('p.from_ms')} and v.from_at < ${AT('p.to_ms')} and v.refs > 0
      offset 0) v
    join unnest($8::text[], $9::int[]) as d(dims, "group") on d.dims = v.dims
    union all
    select * from unnest($10::int[], $11::int[], $12::text[])) s("window", "group", value)
  group by 1, 2 limit $13`;

interface StateRow {
  window: number;
  group: number;
  sum: string;
  count: string;
  min: string | null;
  max: string | null;
  last_at: Date | null;
  last_key: string | null;
  last_value: string | null;
}

/** Reads rollups for usage queries; every method runs inside the query's transaction. */
@Injectable()
export class UsageRepository {
  /** Every combination of dimensions that the segments meeting `[from, to)` hold; '' (the total) is not among them. */
  async readDimensions(sql: Sql, owner: MeteredBy, { from, to }: Stretch): Promise<string[]> {
    const values = [...ownerValues(owner), new Date(from), new Date(to)];
    return (await sql.query<{ dims: string }>(READ_DIMENSIONS, values)).map((row) => row.dims);
  }

  /** Whether an event of the types, voided or not, lies in `[from, to)`. */
  async hasEvents(
    sql: Sql,
    accountId: number,
    { from, to, types }: Stretch & { types: readonly string[] },
  ): Promise<boolean> {
    const values = [accountId, new Date(from), new Date(to), types];
    return (await sql.query<{ found: boolean }>(HAS_EVENTS, values))[0]!.found;
  }

  /** The merged state of each group in each query window, out of the windows or days that begin in the pieces. */
  async readStates(
    sql: Sql,
    owner: MeteredBy,
    { table, pieces, groups }: { table: RollupTable; pieces: readonly Piece[]; groups: Groups },
  ): Promise<GroupState[]> {
    if (pieces.length === 0 || groups.members.length === 0) return [];
    const arrays = [...pieceArrays(pieces), ...memberArrays(groups)];
    const rows = await sql.query<StateRow>(READ_STATES(table), [
      ...ownerValues(owner),
      ...arrays,
      ROWS_MAX + 1,
    ]);
    refuseTooMany(rows);
    return rows.map((row) => ({ window: row.window, group: row.group, state: rollupStateOf(row) }));
  }

  /** How many distinct values each group has in each query window. */
  async countDistinct(
    sql: Sql,
    owner: MeteredBy,
    {
      days,
      hours,
      raw,
      groups,
    }: {
      days: readonly Piece[];
      hours: readonly Piece[];
      raw: readonly RawValue[];
      groups: Groups;
    },
  ): Promise<GroupDistinct[]> {
    const pieces = [...days, ...hours];
    const rows = await sql.query<{ window: number; group: number; distinct_values: string }>(COUNT_DISTINCT, [
      ...ownerValues(owner),
      ...pieceArrays(pieces),
      [...days.map(() => GRAIN.day), ...hours.map(() => GRAIN.window)],
      ...memberArrays(groups),
      plainArray(raw, (each) => each.window),
      plainArray(raw, (each) => each.group),
      textArray(raw, (each) => each.value),
      ROWS_MAX + 1,
    ]);
    refuseTooMany(rows);
    return rows.map((row) => ({
      window: row.window,
      group: row.group,
      distinct: BigInt(row.distinct_values),
    }));
  }
}

/** Parameters $1 to $3 of every statement here. */
export function ownerValues({ bucket, accountId, meterId }: MeteredBy): unknown[] {
  return [bucket, accountId, meterId];
}

/** Pieces as three arrays: window, from and to in milliseconds. */
export function pieceArrays(pieces: readonly Piece[]): string[] {
  return [
    plainArray(pieces, (piece) => piece.window),
    plainArray(pieces, (piece) => piece.from),
    plainArray(pieces, (piece) => piece.to),
  ];
}

/** Combinations of dimensions and their groups as two arrays. */
export function memberArrays({ members }: Groups): string[] {
  return [textArray(members, (member) => member.dims), plainArray(members, (member) => member.group)];
}
