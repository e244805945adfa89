import { Injectable } from '@nestjs/common';
import type { Placed } from '../core/contribution';
import { type Quantity, parseQuantity } from '../core/quantity';
import { plainArray, textArray } from '../platform/array-literal';
import { INSTANT_OF } from '../platform/sql-instant';
import type { Sql } from '../platform/transaction';
import { askedTotals } from './asked-totals';
import type { PlainSums, Sums } from './group-sums';
import type { PreparedEvent } from './prepared-event';
import { askedArrays, guardArrays, overageArrays, storeValues } from './store-arrays';

/** Running totals by `key account_id`, for the events that asked. */
export type Totals = ReadonlyMap<string, Quantity>;

export interface StoredKey {
  readonly key: string;
  readonly account_id: string;
  readonly content: string;
  readonly occurred_at: Date;
  /** As text, because an instant of this language has no microseconds. */
  readonly recorded_at: string;
  readonly revision: number;
}

export interface StoredEvent {
  readonly type: string;
  readonly source: string;
  readonly event_id: string;
  readonly occurred_at: Date;
  readonly quantity: string | null;
  readonly resource: string | null;
  readonly subject: string | null;
  readonly properties: Record<string, unknown> | null;
  readonly used_after: string | null;
  readonly limit_then: string | null;
}

/** Columns $1–$12, one element per event, sorted by key so that keys are locked in one order everywhere. */
const EVENTS_SENT = `
  e as materialized (
    select bucket, account_id, key, content, ${INSTANT_OF('at')} as occurred_at, quantity, type, coalesce(source, '') as source,
      event_id, nullif(resource, '') as resource, nullif(subject, '') as subject, nullif(properties, '')::json as properties
    from unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::numeric[],
      string_to_array($7, E'\\n'), string_to_array($8, E'\\n'), string_to_array($9, E'\\n'), string_to_array($10, E'\\n'),
      string_to_array($11, E'\\n'), string_to_array($12, E'\\n'))
      as e(bucket, account_id, key, content, at, quantity, type, source, event_id, resource, subject, properties))`;

/** Nothing is inserted when the catalogue has moved on: the group is computed again with the new meters. */
const KEYS_OF_THIS_REVISION = `
  select key, account_id, bucket, content, occurred_at from e
  where (select revision from catalogue_revision) = $13::bigint`;

const EVENTS = `
  insert into usage_event (bucket, account_id, key, occurred_at, type, source, event_id, quantity, resource, subject, properties)
  select bucket, account_id, key, occurred_at, type, source, event_id, quantity, resource, subject, properties from e`;

/** $44–$51: the totals asked for. What later events of the group add to the same counter is not yet used for the earlier. */
const TOLD = `
  select a.key, a.account_id, case when a.is_distinct then c.count else c.sum - a.later end as used, a.limit_then
  from unnest($44::uuid[], $45::bigint[], $46::int[], $47::bigint[], $48::text[], $49::numeric[], $50::numeric[], $51::boolean[])
    as a(key, account_id, meter_id, from_ms, dims, later, limit_then, is_distinct)
  join counters c on c.account_id = a.account_id and c.meter_id = a.meter_id
    and c.segment_from = ${INSTANT_OF('a.from_ms')} and c.dims = a.dims`;

/** $52–$58: what goes beyond limits that were passed before. */
const OVERAGES = `
  insert into usage_overage (bucket, account_id, meter_id, segment_from, key, quantity, limit_then)
  select s.bucket, s.account_id, s.meter_id, ${INSTANT_OF('s.from_ms')}, s.key, s.quantity, s.limit_then
  from unnest($52::smallint[], $53::bigint[], $54::int[], $55::bigint[], $56::uuid[], $57::numeric[], $58::numeric[])
    as s(bucket, account_id, meter_id, from_ms, key, quantity, limit_then)`;

const EVENTS_WITH_TOTALS = `
  insert into usage_event (bucket, account_id, key, occurred_at, type, source, event_id, quantity, resource, subject, properties,
    used_after, limit_then)
  select e.bucket, e.account_id, e.key, e.occurred_at, e.type, e.source, e.event_id, e.quantity, e.resource, e.subject,
    e.properties, told.used, told.limit_then
  from e left join told on told.key = e.key and told.account_id = e.account_id`;

/** $27–$41: the windows that the rollup adds up in SQL as arrays, the others as JSON. */
const MARKS = `
  insert into work_mark (bucket, marks, windows, buckets, account_ids, meter_ids, from_ms, to_ms, dims, day_from_ms, day_to_ms,
    sums, counts, mins, maxs)
  select $27::smallint, $28::text, $29::int, $30::smallint[], $31::bigint[], $32::int[], $33::bigint[], $34::bigint[],
    $35::text[], $36::bigint[], $37::bigint[], $38::numeric[], $39::bigint[], $40::numeric[], $41::numeric[]
  where ($28::text is not null or $29::int > 0)`;

const COUNTERS = `
  insert into usage_counter as c (bucket, account_id, meter_id, segment_from, segment_to, dims, sum, count, min, max,
    last_at, last_key, last_value, judged_under, guard)
  select s.bucket, s.account_id, s.meter_id, ${INSTANT_OF('s.from_ms')}, ${INSTANT_OF('s.to_ms')}, s.dims, s.sum, s.count,
    s.min, s.max, ${INSTANT_OF('s.last_ms')}, s.last_key, s.last_value, coalesce(s.under, ''), s.guard
  from unnest($14::smallint[], $15::bigint[], $16::int[], $17::bigint[], $18::bigint[], $19::text[], $20::numeric[],
    $21::bigint[], $22::numeric[], $23::numeric[], $24::bigint[], $25::uuid[], $26::numeric[], $42::text[], $43::numeric[])
    as s(bucket, account_id, meter_id, from_ms, to_ms, dims, sum, count, min, max, last_ms, last_key, last_value, under, guard)`;

const MERGE_COUNTERS = `
  on conflict (bucket, account_id, meter_id, segment_from, dims) do update set
    sum = c.sum + excluded.sum,
    count = c.count + excluded.count,
    min = least(c.min, excluded.min),
    max = greatest(c.max, excluded.max),
    last_at = case when excluded.last_at is null or (c.last_at, c.last_key) >= (excluded.last_at, excluded.last_key)
      then c.last_at else excluded.last_at end,
    last_value = case when excluded.last_at is null or (c.last_at, c.last_key) >= (excluded.last_at, excluded.last_key)
      then c.last_value else excluded.last_value end,
    last_key = case when excluded.last_at is null or (c.last_at, c.last_key) >= (excluded.last_at, excluded.last_key)
      then c.last_key else excluded.last_key end,
    revision = c.revision + 1`;

/**
 * Adds up to the guard and not beyond, unless it is the limit, was passed before, and its passing is written down. A guard of
 * other terms says nothing, and one that is missing may be missed.
 */
const KEEP_GUARDS = `,
    guard = case
      when c.guard is null and excluded.guard is null then null
      when excluded.judged_under = c.judged_under || ' over' and c.sum >= c.guard and c.guard = excluded.guard then c.guard
      when c.judged_under = excluded.judged_under and c.sum + c.reserved + excluded.sum <= c.guard then c.guard
      else look_again() end`;

/** Whoever holds the counters says how far they go from now on. */
const SET_GUARDS = `,
    guard = case when excluded.judged_under = '' then c.guard else excluded.guard end,
    judged_under = case when excluded.judged_under = '' then c.judged_under else excluded.judged_under end`;

const RETURN_COUNTERS = `returning c.account_id, c.meter_id, c.segment_from, c.dims, c.sum, c.count`;

/**
 * One statement, one transaction: keys, events, counters and the work mark, or nothing. A key that exists fails the
 * whole statement with 23505. `gate` makes the keys go first, so that locks are taken in one order everywhere.
 */
const INSERT_NEW_EVENTS_AND_COUNT = {
  name: 'insert-new-events-and-count',
  text: `
  with ${EVENTS_SENT},
  keys as (insert into event_key (key, account_id, bucket, content, occurred_at) ${KEYS_OF_THIS_REVISION} returning 1),
  gate as materialized (select count(*) as n from keys),
  events as (${EVENTS} where (select n from gate) > 0),
  marks as (${MARKS} and (select n from gate) > 0),
  counters as (${COUNTERS} where (select n from gate) > 0 order by 1, 2, 3, 4, 6 ${MERGE_COUNTERS}${KEEP_GUARDS})
  select n::int as inserted from gate`,
};

/** The same for groups in which somebody asked for running totals, which are stored with the events. */
const INSERT_NEW_EVENTS_COUNT_AND_TELL = {
  name: 'insert-new-events-count-and-tell',
  text: `
  with ${EVENTS_SENT},
  keys as (insert into event_key (key, account_id, bucket, content, occurred_at) ${KEYS_OF_THIS_REVISION} returning 1),
  gate as materialized (select count(*) as n from keys),
  marks as (${MARKS} and (select n from gate) > 0),
  counters as (${COUNTERS} where (select n from gate) > 0 order by 1, 2, 3, 4, 6 ${MERGE_COUNTERS}${KEEP_GUARDS}
    ${RETURN_COUNTERS}),
  told as materialized (${TOLD}),
  events as (${EVENTS_WITH_TOTALS} where (select n from gate) > 0),
  overages as (${OVERAGES} where (select n from gate) > 0)
  select gate.n::int as inserted, told.key, told.account_id, told.used from gate left join told on true`,
};

/** The careful form: only the keys, skipping those that exist, and says which were new. */
const INSERT_KEYS_ONCE = `
  insert into event_key (key, account_id, bucket, content, occurred_at)
  select e.key, e.account_id, e.bucket, e.content, ${INSTANT_OF('e.at')}
  from unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[]) as e(key, account_id, bucket, content, at)
  order by e.key, e.account_id
  on conflict do nothing
  returning key, account_id`;

/** A second statement, because in the one above a key of a writer still under way is neither inserted nor visible. */
const READ_KEYS = `
  select k.key, k.account_id, k.content, k.occurred_at, k.recorded_at::text, k.revision
  from unnest($1::uuid[], $2::bigint[], $3::smallint[]) as e(key, account_id, bucket)
  join event_key k on k.key = e.key and k.account_id = e.account_id and k.bucket = e.bucket`;

/** Stores what `INSERT_KEYS_ONCE` of the same transaction found new; false = nothing, the catalogue has moved on. */
const STORE_EVENTS_AND_COUNT = {
  name: 'store-events-and-count',
  text: `
  with ${EVENTS_SENT},
  gate as materialized (select revision = $13::bigint as open from catalogue_revision),
  marks as (${MARKS} and (select open from gate)),
  counters as (${COUNTERS} where (select open from gate) order by 1, 2, 3, 4, 6 ${MERGE_COUNTERS}${SET_GUARDS}
    ${RETURN_COUNTERS}),
  told as materialized (${TOLD}),
  events as (${EVENTS_WITH_TOTALS} where (select open from gate))
  select gate.open, told.key, told.account_id, told.used from gate left join told on true`,
};

const READ_EVENT = `
  select type, source, event_id, occurred_at, quantity, resource, subject, properties, used_after, limit_then
  from usage_event where account_id = $1 and occurred_at = $2 and recorded_at = $3::timestamptz and key = $4`;

const MERGE_SUBJECT_PROFILES = `
  insert into subject_profile as p (bucket, account_id, subject, attributes)
  select * from unnest($1::smallint[], $2::bigint[], $3::text[], $4::jsonb[]) order by 1, 2, 3
  on conflict (bucket, account_id, subject) do update
    set attributes = p.attributes || excluded.attributes, updated_at = now()`;

const ENSURE_EVENT_PARTITION = `select ensure_event_partition(now())`;

/** SQL of the write path. Every method runs on the connection it is given, inside the caller's transaction. */
@Injectable()
export class IngestRepository {
  /**
   * Stores events that are all new; null when the catalogue has moved on, else the totals asked for. Throws 23505 when a key
   * is known, and TL001 when a counter would be added to beyond its guard.
   */
  async insertNew(sql: Sql, events: readonly PreparedEvent[], sums: PlainSums): Promise<Totals | null> {
    const asked = askedTotals(events);
    const values = [...storeValues(events, sums), ...guardArrays(sums)];
    if (asked.length === 0 && sums.overages.length === 0) {
      const [row] = await sql.query<{ inserted: number }>(INSERT_NEW_EVENTS_AND_COUNT, values);
      return row!.inserted > 0 ? NO_TOTALS : null;
    }
    const rows = await sql.query<ToldRow & { inserted: number }>(INSERT_NEW_EVENTS_COUNT_AND_TELL, [
      ...values,
      ...askedArrays(asked),
      ...overageArrays(sums.overages),
    ]);
    return rows[0]!.inserted > 0 ? totalsOf(rows) : null;
  }

  /** Inserts the keys that are new and says which, as `key account_id`. */
  async insertKeys(sql: Sql, events: readonly PreparedEvent[]): Promise<Set<string>> {
    const rows = await sql.query<{ key: string; account_id: string }>(INSERT_KEYS_ONCE, [
      plainArray(events, (event) => event.key),
      plainArray(events, (event) => event.accountId),
      plainArray(events, (event) => event.bucket),
      plainArray(events, (event) => event.content),
      plainArray(events, (event) => event.at),
    ]);
    return new Set(rows.map((row) => `${row.key} ${row.account_id}`));
  }

  async readKeys(
    sql: Sql,
    events: readonly Pick<Placed, 'key' | 'accountId' | 'bucket'>[],
  ): Promise<StoredKey[]> {
    return sql.query<StoredKey>(READ_KEYS, [
      plainArray(events, (event) => event.key),
      plainArray(events, (event) => event.accountId),
      plainArray(events, (event) => event.bucket),
    ]);
  }

  /**
   * Stores events whose keys this transaction has inserted, and sets the guards that are given; null when they were computed
   * with an old catalogue, else the totals asked for.
   */
  async store(sql: Sql, events: readonly PreparedEvent[], sums: Sums): Promise<Totals | null> {
    const values = [...storeValues(events, sums), ...guardArrays(sums), ...askedArrays(askedTotals(events))];
    const rows = await sql.query<ToldRow & { open: boolean }>(STORE_EVENTS_AND_COUNT, values);
    if (!rows[0]!.open) return null;
    return totalsOf(rows);
  }

  async readEvent(sql: Sql, accountId: number, stored: StoredKey): Promise<StoredEvent | undefined> {
    const values = [accountId, stored.occurred_at, stored.recorded_at, stored.key];
    return (await sql.query<StoredEvent>(READ_EVENT, values))[0];
  }

  async mergeProfiles(sql: Sql, events: readonly PreparedEvent[]): Promise<void> {
    const last = new Map<string, PreparedEvent>();
    for (const event of events) last.set(`${event.accountId} ${event.subject}`, event);
    const rows = [...last.values()];
    await sql.query(MERGE_SUBJECT_PROFILES, [
      plainArray(rows, (event) => event.bucket),
      plainArray(rows, (event) => event.accountId),
      textArray(rows, (event) => event.subject),
      textArray(rows, (event) => event.personal),
    ]);
  }

  async ensurePartition(sql: Sql): Promise<void> {
    await sql.query(ENSURE_EVENT_PARTITION);
  }
}

interface ToldRow {
  /** Null in the only row of a group in which nobody asked. */
  readonly key: string | null;
  readonly account_id: string;
  readonly used: string;
}

const NO_TOTALS: Totals = new Map();

function totalsOf(rows: readonly ToldRow[]): Totals {
  const told = rows.filter(({ key }) => key !== null);
  return new Map(told.map((row) => [`${row.key} ${row.account_id}`, parseQuantity(row.used)]));
}
