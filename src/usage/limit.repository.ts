import { Injectable } from '@nestjs/common';
import type { Account, AccountRef } from '../core/account';
import type { Stretch } from '../core/contribution';
import type { LimitRule } from '../core/limit';
import type { Meter } from '../core/meter';
import { formatQuantity, parseQuantity, quantity, ONE, type Quantity } from '../core/quantity';
import { plainArray, textArray } from '../platform/array-literal';
import { INSTANT_OF, MS_OF } from '../platform/sql-instant';
import type { Sql } from '../platform/transaction';

/** Names the counter of one meter in one period, all dimensions together. */
export interface CounterRef {
  readonly account: Account;
  readonly meter: Meter;
  readonly segment: Stretch;
}

/** A counter to be locked if it has a limit; `isLimited` = its limit is known, so it is made when it does not exist. */
export interface WantedCounter extends CounterRef {
  readonly isLimited: boolean;
}

/** What a reservation holds of one counter, in base units. */
export interface Hold extends CounterRef {
  readonly quantity: Quantity;
}

/** The newest level of a resource, and the change that set it. */
export interface StandingLevel {
  readonly level: Quantity;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly key: string;
}

/** A counter whose row this transaction holds. */
export interface HeldCounter {
  readonly used: Quantity;
  readonly reserved: Quantity;
}

export interface Overage extends CounterRef {
  readonly key: string;
  readonly quantity: Quantity;
  readonly limit: Quantity;
}

export interface Crossing extends CounterRef {
  readonly percent: number;
  readonly at: Date;
  readonly used: Quantity;
  readonly rule: LimitRule;
}

const COUNTERS_NAMED = `unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[])`;

/** In lock order. Those without a limit are left alone, unless their row says that somebody gave them one. */
const LOCK_LIMITED_COUNTERS = `
  select c.account_id, c.meter_id, s.from_ms, c.sum, c.count, c.reserved
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[], $5::boolean[])
    as s(bucket, account_id, meter_id, from_ms, is_limited)
  join usage_counter c on c.bucket = s.bucket and c.account_id = s.account_id and c.meter_id = s.meter_id
    and c.segment_from = ${INSTANT_OF('s.from_ms')} and c.dims = ''
  where c.guard is not null or s.is_limited
  order by c.bucket, c.account_id, c.meter_id, c.segment_from
  for no key update of c`;

const MAKE_COUNTERS_ONCE = `
  insert into usage_counter (bucket, account_id, meter_id, segment_from, segment_to, guard)
  select s.bucket, s.account_id, s.meter_id, ${INSTANT_OF('s.from_ms')}, ${INSTANT_OF('s.to_ms')}, 0
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[]) as s(bucket, account_id, meter_id, from_ms, to_ms)
  order by 1, 2, 3, 4
  on conflict do nothing`;

/** Whoever adds to one of these counters next looks at its limit first, even to those that do not exist yet. */
const DISTRUST_COUNTERS = `
  insert into usage_counter as c (bucket, account_id, meter_id, segment_from, segment_to, guard)
  select s.bucket, s.account_id, s.meter_id, ${INSTANT_OF('s.from_ms')}, ${INSTANT_OF('s.to_ms')}, 0
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[]) as s(bucket, account_id, meter_id, from_ms, to_ms)
  order by 1, 2, 3, 4
  on conflict (bucket, account_id, meter_id, segment_from, dims) do update set guard = 0, judged_under = ''`;

const DISTRUST_GUARDED_COUNTERS = `
  with held as (
    select bucket, account_id, meter_id, segment_from, dims from usage_counter
    where bucket = $1 and account_id = $2 and segment_to > $3 and guard is not null
    order by bucket, account_id, meter_id, segment_from, dims for no key update)
  update usage_counter c set judged_under = ''
  from held h
  where c.bucket = h.bucket and c.account_id = h.account_id and c.meter_id = h.meter_id
    and c.segment_from = h.segment_from and c.dims = h.dims`;

const READ_VALUES = `
  select v.account_id, v.meter_id, s.from_ms, v.value
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[], $5::text[]) as s(bucket, account_id, meter_id, from_ms, value)
  join usage_value v on v.bucket = s.bucket and v.account_id = s.account_id and v.meter_id = s.meter_id and v.grain = 0
    and v.from_at = ${INSTANT_OF('s.from_ms')} and v.dims = '' and v.value = s.value`;

/** The newest change of each resource; the caller has locked the counters, which every change of a limited gauge locks. */
const READ_STANDING_LEVELS = `
  select s.account_id, s.meter_id, s.from_ms, g.resource, l.level, ${MS_OF('l.occurred_at')} as at, l.key
  from ${COUNTERS_NAMED} as s(bucket, account_id, meter_id, from_ms)
  join gauge_resource g on g.bucket = s.bucket and g.account_id = s.account_id and g.meter_id = s.meter_id
  cross join lateral (
    select level, occurred_at, key from level_change l
    where l.bucket = g.bucket and l.account_id = g.account_id and l.meter_id = g.meter_id and l.resource = g.resource
    order by l.occurred_at desc, l.key desc limit 1) l`;

/** What expired reservations hold that nobody has swept yet. */
const READ_LAPSED_HOLDS = `
  select r.account_id, h.meter_id, (extract(epoch from r.segment_from) * 1000)::bigint as from_ms, sum(h.quantity)::text as quantity
  from reservation r cross join json_to_recordset(r.holds) as h(meter_id int, quantity numeric)
  where r.account_id = any($1::bigint[]) and r.state = 'open' and r.expires_at <= $2 and r.id is distinct from $3::uuid
  group by 1, 2, 3`;

/** The caller has locked these counters. */
const CHANGE_RESERVED = `
  update usage_counter c set reserved = c.reserved + s.quantity, revision = c.revision + 1
  from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[], $5::numeric[])
    as s(bucket, account_id, meter_id, from_ms, quantity)
  where c.bucket = s.bucket and c.account_id = s.account_id and c.meter_id = s.meter_id
    and c.segment_from = ${INSTANT_OF('s.from_ms')} and c.dims = ''`;

const FREE_KEYS = `
  delete from event_key k using unnest($1::uuid[], $2::bigint[], $3::smallint[]) as s(key, account_id, bucket)
  where k.key = s.key and k.account_id = s.account_id and k.bucket = s.bucket`;

const INSERT_OVERAGES = `
  insert into usage_overage (bucket, account_id, meter_id, segment_from, key, quantity, limit_then)
  select s.bucket, s.account_id, s.meter_id, ${INSTANT_OF('s.from_ms')}, s.key, s.quantity, s.limit_then
  from ${COUNTERS_NAMED.replace(')', ', $5::uuid[], $6::numeric[], $7::numeric[])')}
    as s(bucket, account_id, meter_id, from_ms, key, quantity, limit_then)`;

const INSERT_CROSSINGS_ONCE = `
  insert into limit_crossing (bucket, account_id, meter_id, segment_from, segment_to, percent, crossed_at, used, limit_then)
  select s.bucket, s.account_id, s.meter_id, ${INSTANT_OF('s.from_ms')}, ${INSTANT_OF('s.to_ms')}, s.percent,
    ${INSTANT_OF('s.at_ms')}, s.used, s.limit_then
  from ${COUNTERS_NAMED.replace(')', ', $5::bigint[], $6::int[], $7::bigint[], $8::numeric[], $9::numeric[])')}
    as s(bucket, account_id, meter_id, from_ms, to_ms, percent, at_ms, used, limit_then)
  order by 1, 2, 3, 4, 6
  on conflict do nothing
  returning account_id, meter_id, (extract(epoch from segment_from) * 1000)::bigint as from_ms, percent`;

/** SQL of limits; every method runs inside the caller's transaction. */
@Injectable()
export class LimitRepository {
  /** Locks the counters that have a limit; `isLimited` names those of which the caller knows it. By `nameOf`. */
  async lock(sql: Sql, counters: readonly WantedCounter[]): Promise<Map<string, HeldCounter>> {
    const values = [...namedArrays(counters), plainArray(counters, ({ isLimited }) => String(isLimited))];
    const rows = await sql.query<{
      account_id: string;
      meter_id: number;
      from_ms: string;
      sum: string;
      count: string;
      reserved: string;
    }>(LOCK_LIMITED_COUNTERS, values);
    const meters = new Map(counters.map(({ meter }) => [meter.id, meter]));
    return new Map(
      rows.map((row) => {
        const isDistinct = meters.get(row.meter_id)!.aggregation === 'unique';
        const used = isDistinct ? quantity(BigInt(row.count) * ONE) : parseQuantity(row.sum);
        const held = { used, reserved: parseQuantity(row.reserved) };
        return [`${row.account_id} ${row.meter_id} ${row.from_ms}`, held];
      }),
    );
  }

  /** Makes counters that stand at nothing, so that they can be locked; existing ones stay as they are. */
  async make(sql: Sql, counters: readonly CounterRef[]): Promise<void> {
    const ends = plainArray(counters, ({ segment }) => segment.to);
    await sql.query(MAKE_COUNTERS_ONCE, [...namedArrays(counters), ends]);
  }

  /** Takes the guards of these counters away, whether they exist or not. */
  async distrust(sql: Sql, counters: readonly CounterRef[]): Promise<void> {
    const ends = plainArray(counters, ({ segment }) => segment.to);
    await sql.query(DISTRUST_COUNTERS, [...namedArrays(counters), ends]);
  }

  /** The same for all counters of an account that have a guard, in the periods that end after an instant. */
  async distrustGuarded(sql: Sql, account: AccountRef, after: Date): Promise<void> {
    await sql.query(DISTRUST_GUARDED_COUNTERS, [account.bucket, account.id, after]);
  }

  /** Which of these values of unique meters are known in their period: `nameOf` and the value. */
  async knownValues(
    sql: Sql,
    values: readonly (CounterRef & { readonly value: string })[],
  ): Promise<Set<string>> {
    const rows = await sql.query<{ account_id: string; meter_id: number; from_ms: string; value: string }>(
      READ_VALUES,
      [...namedArrays(values), textArray(values, ({ value }) => value)],
    );
    return new Set(rows.map((row) => `${row.account_id} ${row.meter_id} ${row.from_ms} ${row.value}`));
  }

  /** What the resources of gauges stand at; by `nameOf` and the resource. */
  async standingLevels(sql: Sql, gauges: readonly CounterRef[]): Promise<Map<string, StandingLevel>> {
    const rows = await sql.query<{
      account_id: string;
      meter_id: number;
      from_ms: string;
      resource: string;
      level: string;
      at: string;
      key: string;
    }>(READ_STANDING_LEVELS, namedArrays(gauges));
    return new Map(
      rows.map(({ account_id, meter_id, from_ms, resource, level, at, key }) => [
        `${account_id} ${meter_id} ${from_ms} ${resource}`,
        { level: parseQuantity(level), at: Number(at), key },
      ]),
    );
  }

  /** What reservations hold of these counters that have expired and are not swept; by `nameOf`. */
  async lapsed(
    sql: Sql,
    counters: readonly CounterRef[],
    { now, except }: { now: Date; except: string | undefined },
  ): Promise<Map<string, Quantity>> {
    const rows = await sql.query<{ account_id: string; meter_id: number; from_ms: string; quantity: string }>(
      READ_LAPSED_HOLDS,
      [plainArray(counters, ({ account }) => account.id), now, except ?? null],
    );
    return new Map(
      rows.map((row) => [`${row.account_id} ${row.meter_id} ${row.from_ms}`, parseQuantity(row.quantity)]),
    );
  }

  /** Adds to what counters hold in reserve, or with a negative sign gives it back; the caller has them locked. */
  async changeReserved(sql: Sql, holds: readonly Hold[], sign: 1n | -1n): Promise<void> {
    const amounts = plainArray(holds, ({ quantity: held }) => formatQuantity(sign === 1n ? held : -held));
    await sql.query(CHANGE_RESERVED, [...namedArrays(holds), amounts]);
  }

  /** Gives ids back that this very transaction took: what was refused may be sent again. */
  async freeKeys(
    sql: Sql,
    events: readonly { readonly key: string; readonly accountId: number; readonly bucket: number }[],
  ): Promise<void> {
    await sql.query(FREE_KEYS, [
      plainArray(events, (event) => event.key),
      plainArray(events, (event) => event.accountId),
      plainArray(events, (event) => event.bucket),
    ]);
  }

  async insertOverages(sql: Sql, overages: readonly Overage[]): Promise<void> {
    await sql.query(INSERT_OVERAGES, [
      ...namedArrays(overages),
      plainArray(overages, ({ key }) => key),
      plainArray(overages, ({ quantity: over }) => formatQuantity(over)),
      plainArray(overages, ({ limit }) => formatQuantity(limit)),
    ]);
  }

  /** Answers those that nobody recorded before. */
  async insertCrossings(sql: Sql, crossings: readonly Crossing[]): Promise<Crossing[]> {
    const rows = await sql.query<{ account_id: string; meter_id: number; from_ms: string; percent: number }>(
      INSERT_CROSSINGS_ONCE,
      [
        ...namedArrays(crossings),
        plainArray(crossings, ({ segment }) => segment.to),
        plainArray(crossings, ({ percent }) => percent),
        plainArray(crossings, ({ at }) => at.getTime()),
        plainArray(crossings, ({ used }) => formatQuantity(used)),
        plainArray(crossings, ({ rule }) => formatQuantity(rule.limit)),
      ],
    );
    const made = new Set(
      rows.map((row) => `${row.account_id} ${row.meter_id} ${row.from_ms} ${row.percent}`),
    );
    return crossings.filter((crossing) => made.has(`${nameOf(crossing)} ${crossing.percent}`));
  }
}

/** The counter as a word. */
export function nameOf({ account, meter, segment }: CounterRef): string {
  return `${account.id} ${meter.id} ${segment.from}`;
}

function namedArrays(counters: readonly CounterRef[]): string[] {
  return [
    plainArray(counters, ({ account }) => account.bucket),
    plainArray(counters, ({ account }) => account.id),
    plainArray(counters, ({ meter }) => meter.id),
    plainArray(counters, ({ segment }) => segment.from),
  ];
}
