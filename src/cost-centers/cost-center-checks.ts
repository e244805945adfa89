import { type Check, appendOnlyCheck } from '../platform/checks';

/** What must hold of cost centres at every commit. */
export const COST_CENTER_CHECKS: readonly Check[] = [
  appendOnlyCheck(['cost_center_version', 'usage_credit_note']),
  {
    name: 'cost centres: the newest version is in force, and renewed when its cycle ends',
    sql: `
      select account_id, c.version, v.version as newest, c.reset_at, v.cycle_to from cost_center c
      full join (
        select distinct on (account_id) account_id, version, strategy, cycle_to from cost_center_version
        order by account_id, version desc) v using (account_id)
      where c.version is distinct from v.version
        or c.reset_at is distinct from case when v.strategy = 'other' then v.cycle_to end`,
  },
  {
    name: 'cost centres: whoever has the free allowance has one',
    sql: `
      select f.account_id from free_allowance f
      where not exists (select from cost_center c where c.account_id = f.account_id)`,
  },
];
