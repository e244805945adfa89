import { Injectable } from '@nestjs/common';
import type { Stretch } from '../core/contribution';
import { isGauge, type Meter, weightOf } from '../core/meter';
import { formatQuantity, parseQuantity, quantityRatio } from '../core/quantity';
import type { NamedAmount } from '../core/cost';
import { type Reach, accountsWithin } from '../platform/account-reach';
import { MS_OF } from '../platform/sql-instant';
import { Database } from '../platform/transaction';

/** By what usage is told apart: `service` and `env` as the events name them, or whether it is that of one service. */
export type ToldApart = 'service' | 'env' | { readonly service: string };

/** Whose usage of what, and when. */
export interface ResourceQuestion extends Stretch {
  readonly bucket: number;
  readonly accountId: number;
  readonly meter: Meter;
}

/** What has no name. */
export const UNKNOWN = 'unknown';
/** The key of what is the one service's, where that is asked for. */
export const OWN = 'own';

const KEY_LENGTH = 255;

/** Text with an escaped NUL is refused by Postgres where it is read out of JSON; such an event has no names. */
const READABLE = `case when position('\\u0000' in e.properties::text) = 0 then e.properties end`;

const KEYS = {
  service: `left(coalesce(nullif(e.words ->> 'resource_name', ''), nullif(e.resource, ''), '${UNKNOWN}'), ${KEY_LENGTH})`,
  env: `left(coalesce(nullif(e.words -> 'metadata' ->> 'env', ''), '${UNKNOWN}'), ${KEY_LENGTH})`,
  one: `case when e.resource = $6 or lower(e.words -> 'metadata' ->> 'service_id') = $6 then '${OWN}' else '${UNKNOWN}' end`,
} as const;

const LATEST_CORRECTION = `
  left join lateral (
    select c.kind, c.quantity, c.properties from event_correction c
    where c.bucket = u.bucket and c.account_id = u.account_id and c.target = u.key
    order by c.revision desc limit 1) c on true`;

const CORRECTED = `
  case when c.kind = 'amend' then c.quantity else u.quantity end as quantity,
  case when c.kind = 'amend' then c.properties else u.properties end as properties`;

/** The effective events themselves, O(events of the stretch): they carry the names, no rollup does. $3: the weight by type. */
const READ_AMOUNTS = (key: string): string => `
  select ${key} as key, sum(round(coalesce(e.quantity, 1) * ($3::jsonb ->> e.type)::numeric, 15)) as usage
  from (
    select e.resource, e.type, e.quantity, ${READABLE} as words
    from (
      select u.resource, u.type, ${CORRECTED}
      from usage_event u ${LATEST_CORRECTION}
      where u.bucket = $1 and u.account_id = $2 and u.occurred_at >= $4 and u.occurred_at < $5
        and u.type = any(array(select jsonb_object_keys($3::jsonb))) and c.kind is distinct from 'void') e) e
  group by 1`;

/**
 * Each level from its change to the next one of its resource, clipped to the stretch, under the names that the event which
 * set it carries. O(changes of the account's meter), from the beginning: a level of last year may still hold.
 */
const READ_LEVELS = (key: string): string => `
  select ${key} as key, sum(e.level * (${MS_OF('e.to_at')} - ${MS_OF('e.from_at')})) as usage
  from (
    select e.*, ${READABLE} as words
    from (
      select s.resource, s.level, s.from_at, s.to_at, n.properties
      from (
        select l.bucket, l.account_id, l.resource, l.occurred_at, l.key, l.level, greatest(l.occurred_at, $4) as from_at,
          least($5, lead(l.occurred_at) over (partition by l.resource order by l.occurred_at, l.key)) as to_at
        from level_change l
        where l.bucket = $1 and l.account_id = $2 and l.meter_id = $3 and l.occurred_at < $5) s
      left join lateral (
        select ${CORRECTED}
        from usage_event u ${LATEST_CORRECTION}
        where u.bucket = s.bucket and u.account_id = s.account_id and u.occurred_at = s.occurred_at and u.key = s.key
        limit 1) n on true
      where s.level <> 0 and s.to_at > s.from_at) e) e
  group by 1`;

/** A service is looked for where it is known as something that has a level: a deployment, a volume. */
const FIND_PROJECTS = `
  select distinct a.key from gauge_resource g join account a on a.id = g.account_id
  where g.resource = $1 and starts_with(a.key, 'project:') and ${accountsWithin('a.key', 2)}
  order by 1 limit 100`;

/** Usage by the names that events carry. */
@Injectable()
export class ResourceUsageRepository {
  constructor(private readonly database: Database) {}

  /** Usage in base units by name, the names in their order; what no event is kept of any more is missing. */
  async read(question: ResourceQuestion, by: ToldApart): Promise<NamedAmount[]> {
    const { bucket, accountId, meter, from, to } = question;
    const gauge = isGauge(meter.aggregation);
    const what = gauge ? meter.id : weightsOf(meter);
    const key = KEYS[typeof by === 'string' ? by : 'one'];
    const values = [bucket, accountId, what, new Date(from), new Date(to)];
    const rows = await this.database.query<{ key: string; usage: string }>(
      gauge ? READ_LEVELS(key) : READ_AMOUNTS(key),
      typeof by === 'string' ? values : [...values, by.service],
    );
    return rows
      .map((row) => ({ key: row.key, amount: quantityRatio(parseQuantity(row.usage)) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The projects within reach in which a resource has, or had, a level. */
  async projectsOf(resource: string, reach: Reach): Promise<string[]> {
    const rows = await this.database.query<{ key: string }>(FIND_PROJECTS, [resource, reach]);
    return rows.map(({ key }) => key);
  }
}

/** What an event of each type of the meter counts for, as JSON. */
function weightsOf(meter: Meter): string {
  const weights = meter.eventTypes.map((type) => [type, formatQuantity(weightOf(meter, type))]);
  return JSON.stringify(Object.fromEntries(weights));
}
