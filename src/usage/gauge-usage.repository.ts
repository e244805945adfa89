import { Injectable } from '@nestjs/common';
import type { Stretch } from '../core/contribution';
import type { LevelMoves } from '../core/gauge-usage';
import type { Groups } from '../core/grouping';
import { type Quantity, parseQuantity } from '../core/quantity';
import type { Piece } from '../core/window-pieces';
import { INSTANT_OF, MS_OF } from '../platform/sql-instant';
import type { Sql } from '../platform/transaction';
import type { MeteredBy } from './usage-question';
import { memberArrays, ownerValues, pieceArrays } from './usage.repository';

/** How the level of one group moves inside one piece of a query window. */
export interface GroupMoves extends LevelMoves {
  readonly window: number;
  readonly group: number;
}

/** Whole segments by their counters, then the windows of the running one. */
const READ_OPENING_LEVELS = `
  select d.group, sum(s.delta) as level
  from (
    select dims, delta from usage_counter
    where bucket = $1 and account_id = $2 and meter_id = $3 and segment_from < $4 and (dims = '' or not $8)
    union all
    select dims, delta from gauge_window
    where bucket = $1 and account_id = $2 and meter_id = $3 and from_at >= $4 and from_at < $5
      and (dims = '' or not $8)) s
  join unnest($6::text[], $7::int[]) as d(dims, "group") on d.dims = s.dims
  group by 1`;

/** `not $9`, true unless the total is read, keeps the rows of all combinations out of the way of its own. */
const WINDOWS_OF_PIECES = `
  unnest($4::int[], $5::bigint[], $6::bigint[]) as p("window", from_ms, to_ms)
  cross join lateral (
    select * from gauge_window w
    where w.bucket = $1 and w.account_id = $2 and w.meter_id = $3 and w.from_at >= ${INSTANT_OF('p.from_ms')} and w.from_at < ${INSTANT_OF('p.to_ms')}
      and (w.dims = '' or not $9)
    offset 0) g
  join unnest($7::text[], $8::int[]) as d(dims, "group") on d.dims = g.dims`;

const FIND_SHARED_WINDOWS = `
  select p.window, ${MS_OF('g.from_at')} as from_ms, least(${MS_OF('g.to_at')}, p.to_ms) as to_ms
  from ${WINDOWS_OF_PIECES}
  group by p.window, g.from_at, g.to_at, p.to_ms
  having count(*) > count(distinct d.group)
  order by 2`;

/**
 * The windows of a piece as one move: a window's own moment reaches to its own end, from there on its delta holds to
 * the end of the piece; the rise of a window stands on the deltas before it. Where no window begins with the piece,
 * the opening level itself is reached too.
 */
const READ_MOVES = `
  select r.window, r.group, r.from_ms, r.to_ms, sum(r.delta) as delta,
    sum(r.moment + r.delta * (r.to_ms - r.end_ms)) as moment,
    case when min(r.start_ms) = r.from_ms then max(r.delta_before + r.highest)
      else greatest(0, max(r.delta_before + r.highest)) end as highest
  from (
    select p.*, d.group, g.delta, g.moment, g.highest, ${MS_OF('g.from_at')} as start_ms, ${MS_OF('g.to_at')} as end_ms,
      sum(g.delta) over (partition by p.window, p.from_ms, d.group order by g.from_at) - g.delta as delta_before
    from ${WINDOWS_OF_PIECES}) r
  group by 1, 2, 3, 4`;

/**
 * The same out of single changes of level, each against the state its resource stood at before. Changes of one
 * instant take effect together: the running sum of an instant holds all of them.
 */
const READ_CHANGES = `
  with changed as (
    select p.*, ${MS_OF('c.occurred_at')} as at, c.dims, c.level, b.dims as dims_before, b.level as level_before
    from unnest($4::int[], $5::bigint[], $6::bigint[]) as p("window", from_ms, to_ms)
    cross join lateral (
      select * from level_change l
      where l.bucket = $1 and l.account_id = $2 and l.meter_id = $3 and l.occurred_at >= ${INSTANT_OF('p.from_ms')} and l.occurred_at < ${INSTANT_OF('p.to_ms')}
      offset 0) c
    left join lateral (
      select l.dims, l.level from level_change l
      where l.bucket = $1 and l.account_id = $2 and l.meter_id = $3 and l.resource = c.resource
        and (l.occurred_at, l.key) < (c.occurred_at, c.key)
      order by l.occurred_at desc, l.key desc limit 1) b on true),
  step as (
    select "window", from_ms, to_ms, at, dims, level as delta from changed
    union all
    select "window", from_ms, to_ms, at, dims_before, -level_before from changed where level_before is not null),
  risen as (
    select s.*, d.group, sum(s.delta) over (partition by s.window, s.from_ms, d.group order by s.at) as risen_to
    from step s
    join unnest($7::text[], $8::int[]) as d(dims, "group") on d.dims = case when $9 then '' else s.dims end)
  select r.window, r.group, r.from_ms, r.to_ms, sum(r.delta) as delta, sum(r.delta * (r.to_ms - r.at)) as moment,
    case when min(r.at) = r.from_ms then max(r.risen_to) else greatest(0, max(r.risen_to)) end as highest
  from risen r
  group by 1, 2, 3, 4`;

const HAS_CHANGES = `
  select exists (select from level_change
    where account_id = $1 and meter_id = $2 and occurred_at >= $3 and occurred_at < $4) as found`;

interface MovesRow {
  window: number;
  group: number;
  from_ms: string;
  to_ms: string;
  delta: string;
  moment: string;
  highest: string;
}

/**
 * Reads levels for usage queries, inside the query's transaction. In `groups` the total of a gauge is the combination
 * '', which has rows of its own.
 */
@Injectable()
export class GaugeUsageRepository {
  /** The level of each group before the rollup window that begins at `window`, in the segment that begins at `segment`. */
  async readOpenings(
    sql: Sql,
    owner: MeteredBy,
    { segment, window, groups }: { segment: number; window: number; groups: Groups },
  ): Promise<Map<number, Quantity>> {
    const values = [
      ...ownerValues(owner),
      new Date(segment),
      new Date(window),
      ...memberArrays(groups),
      isTotal(groups),
    ];
    const rows = await sql.query<{ group: number; level: string }>(READ_OPENING_LEVELS, values);
    return new Map(rows.map((row) => [row.group, parseQuantity(row.level)]));
  }

  /** Rollup windows in which several combinations of one group move: their peak is not that of any stored row. */
  async findSharedWindows(
    sql: Sql,
    owner: MeteredBy,
    pieces: readonly Piece[],
    groups: Groups,
  ): Promise<Piece[]> {
    const values = [...ownerValues(owner), ...pieceArrays(pieces), ...memberArrays(groups), isTotal(groups)];
    const rows = await sql.query<{ window: number; from_ms: string; to_ms: string }>(
      FIND_SHARED_WINDOWS,
      values,
    );
    return rows.map(pieceOf);
  }

  /** What moves in pieces of whole rollup windows; a window that reaches beyond its piece stands still there. */
  async readMoves(
    sql: Sql,
    owner: MeteredBy,
    { pieces, groups }: { pieces: readonly Piece[]; groups: Groups },
  ): Promise<GroupMoves[]> {
    if (pieces.length === 0) return [];
    const values = [...ownerValues(owner), ...pieceArrays(pieces), ...memberArrays(groups), isTotal(groups)];
    return (await sql.query<MovesRow>(READ_MOVES, values)).map(movesOf);
  }

  /** What moves in any stretches, out of the changes themselves: O(changes inside of them). */
  async readChanges(
    sql: Sql,
    owner: MeteredBy,
    { pieces, groups }: { pieces: readonly Piece[]; groups: Groups },
  ): Promise<GroupMoves[]> {
    if (pieces.length === 0) return [];
    const values = [...ownerValues(owner), ...pieceArrays(pieces), ...memberArrays(groups), isTotal(groups)];
    return (await sql.query<MovesRow>(READ_CHANGES, values)).map(movesOf);
  }

  async hasChanges(sql: Sql, { accountId, meterId }: MeteredBy, { from, to }: Stretch): Promise<boolean> {
    const values = [accountId, meterId, new Date(from), new Date(to)];
    return (await sql.query<{ found: boolean }>(HAS_CHANGES, values))[0]!.found;
  }
}

/** Whether the rows of the total are read, to which every change belongs whatever its dimensions. */
function isTotal({ members }: Groups): boolean {
  return members.length === 1 && members[0]!.dims === '';
}

function pieceOf(row: { window: number; from_ms: string; to_ms: string }): Piece {
  return { window: row.window, from: parseInt(row.from_ms, 10), to: parseInt(row.to_ms, 10) };
}

function movesOf(row: MovesRow): GroupMoves {
  return {
    ...pieceOf(row),
    group: row.group,
    delta: parseQuantity(row.delta),
    moment: parseQuantity(row.moment),
    highest: parseQuantity(row.highest),
  };
}
