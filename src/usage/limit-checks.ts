import type { Check } from '../platform/checks';

/** What must hold of limits at every commit. */
export const LIMIT_CHECKS: readonly Check[] = [
  {
    name: 'limits: a counter holds in reserve what its open reservations hold',
    sql: `
      select account_id, meter_id, segment_from, c.reserved, h.held from (
        select account_id, meter_id, segment_from, reserved from usage_counter where dims = '' and reserved <> 0) c
      full join (
        select r.account_id, (hold ->> 'meter_id')::int as meter_id, r.segment_from, sum((hold ->> 'quantity')::numeric) as held
        from reservation r, json_array_elements(r.holds) hold
        where r.state = 'open' group by 1, 2, 3) h using (account_id, meter_id, segment_from)
      where coalesce(c.reserved, 0) <> coalesce(h.held, 0)`,
  },
  {
    name: 'limits: nothing is held in reserve for single dimensions',
    sql: `select account_id, meter_id, segment_from, dims, reserved from usage_counter where dims <> '' and reserved <> 0`,
  },
];
