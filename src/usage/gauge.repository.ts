import { Injectable } from '@nestjs/common';
import { type Quantity, formatQuantity, parseQuantity } from '../core/quantity';
import type { LevelState, StateChange } from '../core/level';
import { plainArray, textArray } from '../platform/array-literal';
import { INSTANT_OF, MS_OF } from '../platform/sql-instant';
import type { Sql } from '../platform/transaction';

/** One level of one resource of one meter, named by the event that set it. */
export interface ResourceChange extends StateChange {
  readonly bucket: number;
  readonly accountId: number;
  readonly meterId: number;
  readonly resource: string;
  readonly key: string;
}

/** A change with the words of its event, for meters whose spans are folded from them; null for all others. */
export interface ToldChange extends ResourceChange {
  readonly fact: { readonly type: string; readonly properties: string | null } | null;
}

export interface Neighbours {
  readonly previous: ResourceChange | null;
  readonly next: ResourceChange | null;
}

/** A row of `gauge_window` or, for a segment, of `usage_counter`: what changes of level add to it. */
export interface GaugeSum {
  readonly bucket: number;
  readonly accountId: number;
  readonly meterId: number;
  readonly dims: string;
  readonly from: number;
  readonly to: number;
  delta: Quantity;
  moment: Quantity;
}

/** A change inside a window with the state its resource stood at before it. */
export interface ChangeInWindow {
  readonly change: StateChange;
  readonly before: LevelState | null;
}

const RESOURCES = `unnest($1::smallint[], $2::bigint[], $3::int[], $4::text[]) as r(bucket, account_id, meter_id, resource)`;

const MAKE_RESOURCES = `
  insert into gauge_resource (bucket, account_id, meter_id, resource)
  select distinct * from ${RESOURCES} order by 1, 2, 3, 4 on conflict do nothing`;

/** Two changes of one resource must see each other's neighbours, so the second waits here for the first. */
const LOCK_RESOURCES_IN_ORDER = `
  select 1 from gauge_resource g
  where (g.bucket, g.account_id, g.meter_id, g.resource) in (select * from ${RESOURCES})
  order by g.bucket, g.account_id, g.meter_id, g.resource for no key update`;

const NEIGHBOUR = (side: '<' | '>'): string => `
  select l.occurred_at, l.key, l.level, l.dims from level_change l
  where l.bucket = r.bucket and l.account_id = r.account_id and l.meter_id = r.meter_id and l.resource = r.resource
    and (l.occurred_at, l.key) ${side} (${INSTANT_OF('r.at')}, r.key)
  order by l.occurred_at ${side === '<' ? 'desc' : ''}, l.key ${side === '<' ? 'desc' : ''} limit 1`;

const READ_NEIGHBOURS = `
  select ${MS_OF('p.occurred_at')} as p_at, p.key as p_key, p.level as p_level, p.dims as p_dims,
    ${MS_OF('n.occurred_at')} as n_at, n.key as n_key, n.level as n_level, n.dims as n_dims
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::text[], $5::bigint[], $6::uuid[])
    with ordinality as r(bucket, account_id, meter_id, resource, at, key, place)
  left join lateral (${NEIGHBOUR('<')}) p on true
  left join lateral (${NEIGHBOUR('>')}) n on true
  order by r.place`;

const INSERT_LEVEL_CHANGES = `
  insert into level_change (bucket, account_id, meter_id, resource, occurred_at, key, level, dims, type, properties)
  select bucket, account_id, meter_id, resource, ${INSTANT_OF('at')}, key, level, dims, type, properties::json
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::text[], $5::bigint[], $6::uuid[], $7::numeric[], $8::text[],
      $9::text[], $10::text[])
    as r(bucket, account_id, meter_id, resource, at, key, level, dims, type, properties)`;

const DELETE_LEVEL_CHANGES = `
  delete from level_change l
  using unnest($1::smallint[], $2::bigint[], $3::int[], $4::text[], $5::bigint[], $6::uuid[])
    as r(bucket, account_id, meter_id, resource, at, key)
  where l.bucket = r.bucket and l.account_id = r.account_id and l.meter_id = r.meter_id and l.resource = r.resource
    and l.occurred_at = ${INSTANT_OF('r.at')} and l.key = r.key`;

const SUMS = `unnest($1::smallint[], $2::bigint[], $3::int[], $4::text[], $5::bigint[], $6::bigint[], $7::numeric[], $8::numeric[])
    as s(bucket, account_id, meter_id, dims, from_ms, to_ms, delta, moment)`;

const ADD_TO_GAUGE_WINDOWS = `
  insert into gauge_window as g (bucket, account_id, meter_id, dims, from_at, to_at, delta, moment)
  select bucket, account_id, meter_id, dims, ${INSTANT_OF('from_ms')}, ${INSTANT_OF('to_ms')}, delta, moment from ${SUMS}
  order by 1, 2, 3, 5, 4
  on conflict (bucket, account_id, meter_id, from_at, dims) do update
    set delta = g.delta + excluded.delta, moment = g.moment + excluded.moment`;

const ADD_TO_GAUGE_COUNTERS = `
  insert into usage_counter as c (bucket, account_id, meter_id, dims, segment_from, segment_to, delta, sum)
  select bucket, account_id, meter_id, dims, ${INSTANT_OF('from_ms')}, ${INSTANT_OF('to_ms')}, delta, moment from ${SUMS}
  order by 1, 2, 3, 5, 4
  on conflict (bucket, account_id, meter_id, segment_from, dims) do update
    set delta = c.delta + excluded.delta, sum = c.sum + excluded.sum, revision = c.revision + 1`;

const READ_CHANGES_OF_WINDOW = `
  select ${MS_OF('c.occurred_at')} as at, c.level, c.dims, p.level as before_level, p.dims as before_dims
  from level_change c
  left join lateral (
    select l.level, l.dims from level_change l
    where l.bucket = c.bucket and l.account_id = c.account_id and l.meter_id = c.meter_id and l.resource = c.resource
      and (l.occurred_at, l.key) < (c.occurred_at, c.key)
    order by l.occurred_at desc, l.key desc limit 1) p on true
  where c.account_id = $1 and c.meter_id = $2 and c.occurred_at >= $3 and c.occurred_at < $4
  order by c.occurred_at, c.key`;

const SET_HIGHEST = `
  update gauge_window g set highest = s.highest
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::text[], $5::bigint[], $6::numeric[])
    as s(bucket, account_id, meter_id, dims, from_ms, highest)
  where g.bucket = s.bucket and g.account_id = s.account_id and g.meter_id = s.meter_id and g.dims = s.dims
    and g.from_at = ${INSTANT_OF('s.from_ms')}`;

interface NeighbourRow {
  p_at: string | null;
  p_key: string;
  p_level: string;
  p_dims: string;
  n_at: string | null;
  n_key: string;
  n_level: string;
  n_dims: string;
}

interface ChangeRow {
  at: string;
  level: string;
  dims: string;
  before_level: string | null;
  before_dims: string | null;
}

/** SQL of gauges; every method runs inside the caller's transaction. */
@Injectable()
export class GaugeRepository {
  async lockResources(sql: Sql, changes: readonly ResourceChange[]): Promise<void> {
    const values = resourceArrays(changes);
    await sql.query(MAKE_RESOURCES, values);
    await sql.query(LOCK_RESOURCES_IN_ORDER, values);
  }

  /** The stored changes of the same resource right before and right after each change, by time and then key. */
  async readNeighbours(sql: Sql, changes: readonly ResourceChange[]): Promise<Neighbours[]> {
    const rows = await sql.query<NeighbourRow>(READ_NEIGHBOURS, changeArrays(changes));
    return rows.map((row, i) => {
      const { bucket, accountId, meterId, resource } = changes[i]!;
      const of = (at: string | null, key: string, level: string, dims: string): ResourceChange | null =>
        at === null
          ? null
          : { bucket, accountId, meterId, resource, at: Number(at), key, level: parseQuantity(level), dims };
      return {
        previous: of(row.p_at, row.p_key, row.p_level, row.p_dims),
        next: of(row.n_at, row.n_key, row.n_level, row.n_dims),
      };
    });
  }

  async insert(sql: Sql, changes: readonly ToldChange[]): Promise<void> {
    const levels = plainArray(changes, (change) => formatQuantity(change.level));
    const dims = textArray(changes, (change) => change.dims);
    const types = textArray(changes, (change) => change.fact?.type ?? null);
    const properties = textArray(changes, (change) => change.fact?.properties ?? null);
    await sql.query(INSERT_LEVEL_CHANGES, [...changeArrays(changes), levels, dims, types, properties]);
  }

  async delete(sql: Sql, changes: readonly ResourceChange[]): Promise<void> {
    await sql.query(DELETE_LEVEL_CHANGES, changeArrays(changes));
  }

  async addToWindows(sql: Sql, sums: readonly GaugeSum[]): Promise<void> {
    await sql.query(ADD_TO_GAUGE_WINDOWS, sumArrays(sums));
  }

  async addToCounters(sql: Sql, sums: readonly GaugeSum[]): Promise<void> {
    await sql.query(ADD_TO_GAUGE_COUNTERS, sumArrays(sums));
  }

  async readChanges(sql: Sql, window: Omit<GaugeSum, 'delta' | 'moment'>): Promise<ChangeInWindow[]> {
    const { accountId, meterId, from, to } = window;
    const values = [accountId, meterId, new Date(from), new Date(to)];
    return (await sql.query<ChangeRow>(READ_CHANGES_OF_WINDOW, values)).map((row) => ({
      change: { at: Number(row.at), level: parseQuantity(row.level), dims: row.dims },
      before:
        row.before_level === null ? null : { level: parseQuantity(row.before_level), dims: row.before_dims! },
    }));
  }

  async setHighest(
    sql: Sql,
    rows: readonly (Omit<GaugeSum, 'delta' | 'moment'> & { highest: Quantity })[],
  ): Promise<void> {
    await sql.query(SET_HIGHEST, [
      plainArray(rows, (row) => row.bucket),
      plainArray(rows, (row) => row.accountId),
      plainArray(rows, (row) => row.meterId),
      textArray(rows, (row) => row.dims),
      plainArray(rows, (row) => row.from),
      plainArray(rows, (row) => formatQuantity(row.highest)),
    ]);
  }
}

function resourceArrays(changes: readonly ResourceChange[]): string[] {
  return [
    plainArray(changes, (change) => change.bucket),
    plainArray(changes, (change) => change.accountId),
    plainArray(changes, (change) => change.meterId),
    textArray(changes, (change) => change.resource),
  ];
}

function changeArrays(changes: readonly ResourceChange[]): string[] {
  return [
    ...resourceArrays(changes),
    plainArray(changes, (change) => change.at),
    plainArray(changes, (change) => change.key),
  ];
}

function sumArrays(sums: readonly GaugeSum[]): string[] {
  return [
    plainArray(sums, (sum) => sum.bucket),
    plainArray(sums, (sum) => sum.accountId),
    plainArray(sums, (sum) => sum.meterId),
    textArray(sums, (sum) => sum.dims),
    plainArray(sums, (sum) => sum.from),
    plainArray(sums, (sum) => sum.to),
    plainArray(sums, (sum) => formatQuantity(sum.delta)),
    plainArray(sums, (sum) => formatQuantity(sum.moment)),
  ];
}
