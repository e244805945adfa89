import { appendOnlyCheck, type Check } from '../platform/checks';

/** Events and keys that were recorded before may be gone, each at its own time. */
const KEPT_FROM = `coalesce((select events_before from retention_horizon), '-infinity')`;

/** Events as they count now: without the voided ones, with the measure of the latest amend. */
const EFFECTIVE = `
  effective as materialized (
    select e.account_id, e.type, e.occurred_at, e.recorded_at, coalesce(l.quantity, e.quantity, 1) as quantity
    from usage_event e
    left join (
      select distinct on (account_id, target) account_id, target, kind, quantity
      from event_correction order by account_id, target, revision desc) l
      on l.account_id = e.account_id and l.target = e.key
    where l.kind is distinct from 'void')`;

/** What must hold of events and their counters at every commit, and reads each table once. */
export const USAGE_CHECKS: readonly Check[] = [
  appendOnlyCheck(['usage_event', 'event_correction', 'terms']),
  {
    name: 'events: each fact has one key, and each key one fact',
    sql: `
      select account_id, key, facts, keys from (
        select account_id, key, count(*) as facts from (
          select account_id, key from usage_event where recorded_at >= ${KEPT_FROM}
          union all select account_id, key from event_correction where recorded_at >= ${KEPT_FROM}) f
        group by account_id, key) fact
      full join (
        select account_id, key, count(*) as keys from event_key where recorded_at >= ${KEPT_FROM}
        group by account_id, key) k using (account_id, key)
      where facts is distinct from 1 or keys is distinct from 1`,
  },
  {
    name: 'counters: those that only add up quantities are the sums of their events',
    sql: `
      with ${EFFECTIVE}
      select c.account_id, m.key as meter, c.segment_from, c.sum, c.count, s.sum as summed, s.count as counted
      from usage_counter c
      join meter m on m.id = c.meter_id and m.aggregation = 'sum' and m.value_property is null and m.filters = '[]'
      left join (
        select c.account_id, c.meter_id, c.segment_from, count(*) as count,
          sum(round(e.quantity * coalesce((m.weights ->> e.type)::numeric, 1), 15)) as sum
        from usage_counter c
        join meter m on m.id = c.meter_id
        join effective e on e.account_id = c.account_id and e.type = any(m.event_types)
          and e.occurred_at >= c.segment_from and e.occurred_at < c.segment_to and e.recorded_at >= m.created_at
        where c.dims = ''
        group by c.account_id, c.meter_id, c.segment_from) s
        on s.account_id = c.account_id and s.meter_id = c.meter_id and s.segment_from = c.segment_from
      where c.dims = '' and c.segment_from > ${KEPT_FROM} + interval '1 day'
        and (c.sum, c.count) is distinct from (coalesce(s.sum, 0), coalesce(s.count, 0))`,
  },
];
