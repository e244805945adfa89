import { Injectable } from '@nestjs/common';
import { creditRateText, parseCreditRate } from '../core/credits';
import type { Properties } from '../core/event';
import { fullDecimal, parseQuantity } from '../core/quantity';
import type { Ratio } from '../core/ratio';
import type { SettledSpan } from '../core/span-settlement';
import type { InstanceEvent } from '../core/workspace-instance';
import { plainArray, textArray } from '../platform/array-literal';
import { INSTANT_OF, MS_OF } from '../platform/sql-instant';
import type { Sql } from '../platform/transaction';
import { type MarkedResource, resourceArrays } from './span-mark.repository';

/** One run of one resource as it is stored. */
export interface StoredSpan extends SettledSpan, MarkedResource {
  readonly ordinal: number;
  readonly id: string;
  readonly createdAt: number | null;
  readonly userId: string | null;
  /** Canonical JSON. */
  readonly attributes: string;
}

const RESOURCES = `unnest($2::bigint[], $3::int[], $4::text[]) with ordinality as r(account_id, meter_id, resource, place)`;

/** Everything told of each resource, as one JSON text per resource; voided words are not among the levels. */
const READ_HISTORIES = `
  select (
    select json_agg(json_build_array(${MS_OF('l.occurred_at')}, l.key, l.type, l.properties) order by l.occurred_at, l.key)
    from level_change l
    where l.bucket = $1 and l.account_id = r.account_id and l.meter_id = r.meter_id and l.resource = r.resource
      and l.type is not null) as history
  from ${RESOURCES} order by r.place`;

const COLUMNS = `s.account_id, s.meter_id, s.resource, s.ordinal, s.id, ${MS_OF('s.created_at')} as created_ms,
  ${MS_OF('s.started_at')} as started_ms, ${MS_OF('s.stopping_at')} as stopping_ms, ${MS_OF('s.stopped_at')} as stopped_ms,
  s.is_draft, s.is_void, s.class, s.user_id, s.attributes::text as attributes, s.rate, s.amount, s.posted, s.revision`;

const READ_SPANS = `
  select ${COLUMNS} from ${RESOURCES}
  join span s on s.bucket = $1 and s.account_id = r.account_id and s.meter_id = r.meter_id and s.resource = r.resource`;

/** In the order of the key, so that an account with any number of them is read page by page. */
const READ_OPEN_SPANS = `
  select s.account_id, s.meter_id, s.resource, s.ordinal, ${MS_OF('s.started_at')} as started_ms, s.rate from span s
  where s.bucket = $1 and s.account_id = any($2::bigint[]) and s.ended_at is null and not s.is_void
    and (s.account_id, s.meter_id, s.resource, s.ordinal) > ($3, $4, $5, $6)
  order by s.account_id, s.meter_id, s.resource, s.ordinal limit $7`;

const PUT_SPANS = `
  insert into span as s (bucket, account_id, meter_id, resource, ordinal, id, created_at, started_at, stopping_at, stopped_at,
    ended_at, is_draft, is_void, class, user_id, attributes, rate, amount, posted, revision)
  select $1::smallint, account_id, meter_id, resource, ordinal, id, ${INSTANT_OF('created_ms')}, ${INSTANT_OF('started_ms')},
    ${INSTANT_OF('stopping_ms')}, ${INSTANT_OF('stopped_ms')}, ${INSTANT_OF('coalesce(stopping_ms, stopped_ms)')}, is_draft,
    is_void, class, user_id, attributes::json, rate, amount, posted, revision
  from unnest($2::bigint[], $3::int[], $4::text[], $5::int[], $6::uuid[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
      $11::bool[], $12::bool[], $13::text[], $14::uuid[], $15::text[], $16::text[], $17::numeric[], $18::numeric[], $19::int[])
    as p(account_id, meter_id, resource, ordinal, id, created_ms, started_ms, stopping_ms, stopped_ms, is_draft, is_void, class,
      user_id, attributes, rate, amount, posted, revision)
  order by account_id, meter_id, resource, ordinal
  on conflict (bucket, account_id, meter_id, resource, ordinal) do update set
    created_at = excluded.created_at, started_at = excluded.started_at, stopping_at = excluded.stopping_at,
    stopped_at = excluded.stopped_at, ended_at = excluded.ended_at, is_draft = excluded.is_draft, is_void = excluded.is_void,
    class = excluded.class, user_id = excluded.user_id, attributes = excluded.attributes, rate = excluded.rate,
    amount = excluded.amount, posted = excluded.posted, revision = excluded.revision`;

/** The index of open spans is small: they are only those that run. */
const COUNT_ENDLESS = `
  select count(*) as count from span where ended_at is null and not is_void and started_at < $1`;

/** Where a run stands in the order of the key. */
export type SpanPlace = Pick<StoredSpan, 'accountId' | 'meterId' | 'resource' | 'ordinal'>;

/** What the accrual of a running span needs. */
export type OpenSpan = SpanPlace & Pick<StoredSpan, 'startedAt' | 'rate'>;

/** Spans of resources, and the words they are folded from; every method runs inside the caller's transaction. */
@Injectable()
export class SpanRepository {
  /** What was told of each resource, in the order asked. */
  async histories(
    sql: Sql,
    bucket: number,
    resources: readonly MarkedResource[],
  ): Promise<InstanceEvent[][]> {
    const rows = await sql.query<{ history: HistoryRow[] | null }>(READ_HISTORIES, [
      bucket,
      ...resourceArrays(resources),
    ]);
    return rows.map(({ history }) =>
      (history ?? []).map(([at, key, type, properties]) => ({ at, key, type, properties })),
    );
  }

  async of(sql: Sql, bucket: number, resources: readonly MarkedResource[]): Promise<StoredSpan[]> {
    const rows = await sql.query<SpanRow>(READ_SPANS, [bucket, ...resourceArrays(resources)]);
    return rows.map(spanOf);
  }

  async openAfter(
    sql: Sql,
    bucket: number,
    page: { accountIds: readonly number[]; after: SpanPlace | null; limit: number },
  ): Promise<OpenSpan[]> {
    const { accountId, meterId, resource, ordinal } = page.after ?? BEFORE_ALL;
    const values = [bucket, page.accountIds, accountId, meterId, resource, ordinal, page.limit];
    return (await sql.query<SpanRow>(READ_OPEN_SPANS, values)).map((row) => ({
      ...placeOf(row),
      startedAt: Number(row.started_ms),
      rate: parseCreditRate(row.rate),
    }));
  }

  /** How many run since before an instant. */
  async countEndless(sql: Sql, since: Date): Promise<number> {
    return Number((await sql.query<{ count: string }>(COUNT_ENDLESS, [since]))[0]!.count);
  }

  async put(sql: Sql, bucket: number, spans: readonly StoredSpan[]): Promise<void> {
    if (spans.length === 0) return;
    await sql.query(PUT_SPANS, [
      bucket,
      ...resourceArrays(spans),
      plainArray(spans, ({ ordinal }) => ordinal),
      plainArray(spans, ({ id }) => id),
      plainArray(spans, ({ createdAt }) => createdAt),
      plainArray(spans, ({ startedAt }) => startedAt),
      plainArray(spans, ({ stoppingAt }) => stoppingAt),
      plainArray(spans, ({ stoppedAt }) => stoppedAt),
      plainArray(spans, ({ isDraft }) => String(isDraft)),
      plainArray(spans, ({ isVoid }) => String(isVoid)),
      textArray(spans, (span) => span.class),
      plainArray(spans, ({ userId }) => userId),
      textArray(spans, ({ attributes }) => attributes),
      plainArray(spans, ({ rate }) => rateText(rate)),
      plainArray(spans, ({ amount }) => (amount === null ? null : fullDecimal(amount))),
      plainArray(spans, ({ posted }) => fullDecimal(posted)),
      plainArray(spans, ({ revision }) => revision),
    ]);
  }
}

const BEFORE_ALL: SpanPlace = { accountId: 0, meterId: 0, resource: '', ordinal: 0 };

type HistoryRow = readonly [at: number, key: string, type: string, properties: Properties | null];

interface SpanRow {
  account_id: string;
  meter_id: number;
  resource: string;
  ordinal: number;
  id: string;
  created_ms: string | null;
  started_ms: string;
  stopping_ms: string | null;
  stopped_ms: string | null;
  is_draft: boolean;
  is_void: boolean;
  class: string;
  user_id: string | null;
  attributes: string;
  rate: string;
  amount: string | null;
  posted: string;
  revision: number;
}

/** A few rates price all spans, and reducing a ratio costs more than the rest of a row. */
const rateTexts = new WeakMap<Ratio, string>();

function rateText(rate: Ratio): string {
  const known = rateTexts.get(rate);
  if (known !== undefined) return known;
  const text = creditRateText(rate);
  rateTexts.set(rate, text);
  return text;
}

const msOf = (text: string | null): number | null => (text === null ? null : Number(text));

function placeOf(row: SpanRow): SpanPlace {
  return {
    accountId: Number(row.account_id),
    meterId: row.meter_id,
    resource: row.resource,
    ordinal: row.ordinal,
  };
}

function spanOf(row: SpanRow): StoredSpan {
  return {
    ...placeOf(row),
    id: row.id,
    createdAt: msOf(row.created_ms),
    startedAt: Number(row.started_ms),
    stoppingAt: msOf(row.stopping_ms),
    stoppedAt: msOf(row.stopped_ms),
    isDraft: row.is_draft,
    isVoid: row.is_void,
    class: row.class,
    userId: row.user_id,
    attributes: row.attributes,
    rate: parseCreditRate(row.rate),
    amount: row.amount === null ? null : parseQuantity(row.amount),
    posted: parseQuantity(row.posted),
    revision: row.revision,
  };
}
