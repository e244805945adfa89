import type { Check } from '../platform/checks';

/**
 * Both ends of the open period of each account, as readings of its clock, beside the boundary of its calendar that they should
 * be: so many steps from the anchor, on the last day where a month is too short. A clock that skips or repeats a reading leaves
 * two ways of telling the instant, either of which is the boundary.
 */
const BOUNDARIES = `
  select s.bucket, s.account_id, s.due_at, e.at, e.is_end, t.zone, w.reading, n.steps,
    case when t.months > 0 then t.anchor + n.steps * t.months * interval '1 month' else t.anchor + n.steps * t.step end as boundary
  from billing_state s
  cross join lateral (
    select t.anchor at time zone z.zone as anchor, z.zone,
      t.interval_count * case t.interval_unit when 'month' then 1 when 'year' then 12 else 0 end as months,
      t.interval_count * case t.interval_unit when 'hour' then interval '1 hour' when 'day' then interval '24 hours'
        else interval '168 hours' end as step
    from terms t
    cross join lateral (select case t.interval_unit when 'hour' then 'UTC' else t.time_zone end as zone) z
    where t.bucket = s.bucket and t.account_id = s.account_id order by t.version limit 1) t
  cross join lateral (values (s.open_from, false), (s.due_at, true)) e(at, is_end)
  cross join lateral (select e.at at time zone t.zone as reading) w
  cross join lateral (
    select case when t.months > 0 then ((extract(year from w.reading) - extract(year from t.anchor)) * 12
        + extract(month from w.reading) - extract(month from t.anchor)) / t.months
      else round(extract(epoch from w.reading - t.anchor) / extract(epoch from t.step)) end as steps) n
  where s.due_at is not null`;

/** What must hold of how far each account has been billed, at every commit; each reads its tables once. */
export const BILLING_STATE_CHECKS: readonly Check[] = [
  {
    name: 'billing: each account is open for one whole period of its calendar',
    sql: `
      select account_id, open_from, due_at from (
        select b.bucket, b.account_id, min(b.at) as open_from, max(b.due_at) as due_at,
          max(b.steps) filter (where b.is_end) - max(b.steps) filter (where not b.is_end) as periods,
          bool_and(b.steps = trunc(b.steps) and (b.reading = b.boundary or b.at = b.boundary at time zone b.zone)) as are_boundaries
        from (${BOUNDARIES}) b group by 1, 2) p
      where periods <> 1 or not are_boundaries`,
  },
  {
    name: 'billing: no period is billed beyond where its account is open',
    sql: `
      select i.account_id, i.id, i.period_to, s.open_from from invoice i
      left join billing_state s on s.bucket = i.bucket and s.account_id = i.account_id
      where i.kind = 'period' and (s.open_from is null or i.period_to > s.open_from)`,
  },
];
