import { Injectable } from '@nestjs/common';
import type { PlanSource } from '../core/plan';
import { Database } from '../platform/transaction';

/** How many organisations are told one by one, and how many features without a meter. */
const TOLD_ORGANISATIONS = 10;
const TOLD_FREE_FEATURES = 50;

/** A computation that takes longer is given up: a scrape must not be what the database is busy with. */
const PATIENCE_MS = 5_000;

/** One figure: of a feature and plan, of a plan (how many have it), or of one organisation. */
export interface UsageFigure {
  readonly kind: 'feature' | 'plan' | 'organisation';
  /** The feature, the plan or the organisation. */
  readonly name: string;
  /** Of a feature; empty for the others. */
  readonly plan: string;
  /** A plain decimal. */
  readonly value: string;
}

/**
 * Figures of the running periods of all organisations whose plan is of one source, in one statement. Of the meter of free
 * features ($3) each feature has a row of its own and the row of their sum is left out; of every other the sum is the row.
 * Counters are found by the primary key; none lies in a period that began more than a thousand years ago.
 */
const READ_FIGURES = `
  with org as materialized (
    select a.bucket, a.id, substr(a.key, 5) as name, v.plan_key as plan
    from account a
    cross join lateral (
      select t.plan_version_id from terms t
      where t.bucket = a.bucket and t.account_id = a.id and t.valid_from <= $1 order by t.version desc limit 1) t
    join plan_version v on v.id = t.plan_version_id
    join plan p on p.key = v.plan_key
    where a.key like 'org:%' and p.source = $4 and (a.closed_at is null or a.closed_at > $1)),
  used as materialized (
    select o.name, o.plan, c.meter_id = $3::int as is_free,
      case when c.meter_id = $3::int then c.dims::json ->> 'feature' else m.key end as feature, c.sum
    from org o
    join usage_counter c on c.bucket = o.bucket and c.account_id = o.id and c.meter_id = any ($2::int[])
      and c.segment_from <= $1 and c.segment_to > $1 and (c.dims = '') = (c.meter_id <> $3::int) and c.count > 0
    join meter m on m.id = c.meter_id),
  free as (
    select feature, row_number() over (order by sum(sum) desc, feature) as place from used where is_free group by feature),
  told as (
    select u.plan, u.sum, case when u.is_free and f.place > ${TOLD_FREE_FEATURES} then 'other' else u.feature end as feature
    from used u left join free f on u.is_free and f.feature = u.feature)
  select 'plan' as kind, plan as name, '' as plan, count(*)::text as value from org group by plan
  union all
  select 'feature', feature, plan, trim_scale(sum(sum))::text from told group by feature, plan
  union all
  (select 'organisation', name, '', trim_scale(sum(sum))::text from used
   group by name order by sum(sum) desc, name limit ${TOLD_ORGANISATIONS})`;

/** What all organisations of one catalogue use together. */
@Injectable()
export class OrganizationUsageRepository {
  constructor(private readonly database: Database) {}

  /** Throws when it takes more than a few seconds. */
  async figures(question: {
    readonly at: Date;
    readonly meterIds: readonly number[];
    readonly freeMeterId: number;
    readonly source: PlanSource;
  }): Promise<UsageFigure[]> {
    const { at, meterIds, freeMeterId, source } = question;
    return this.database.transaction(async (tx) => {
      await tx.query(`set local statement_timeout = ${PATIENCE_MS}`);
      return tx.query<UsageFigure>(READ_FIGURES, [at, meterIds, freeMeterId, source]);
    });
  }
}
