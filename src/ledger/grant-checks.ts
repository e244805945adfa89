import type { Check } from '../platform/checks';

/** What must hold of grants at every commit. */
export const GRANT_CHECKS: readonly Check[] = [
  {
    name: 'grants: used and expired are within what was given',
    sql: `
      select account_id, id, amount, used, expired from credit_grant
      where used < 0 or expired < 0 or used + expired > amount`,
  },
  {
    name: 'grants: what is left of them is the balance of grants, by account and asset',
    sql: `
      select * from (
        select bucket, account_id, asset, sum(amount - used - expired) as unused from credit_grant
        group by bucket, account_id, asset) given
      full join (
        select bucket, account_id, asset, credits - debits as balance from balance where name = 'grants') kept
        using (bucket, account_id, asset)
      where coalesce(unused, 0) <> coalesce(balance, 0)`,
  },
  {
    name: 'grants: used is the sum of what transfers drew from them',
    sql: `
      select g.account_id, g.id, g.used, u.drawn from credit_grant g
      full join (
        select bucket, account_id, grant_id, sum(amount) as drawn from grant_use
        group by bucket, account_id, grant_id) u
        on u.bucket = g.bucket and u.account_id = g.account_id and u.grant_id = g.id
      where coalesce(g.used, 0) <> coalesce(u.drawn, 0)`,
  },
  {
    name: 'grants: a transfer that draws or gives back is shared whole',
    sql: `
      select u.account_id, u.transfer_id, u.shared, t.amount
      from (
        select bucket, account_id, transfer_id, sum(amount) as shared from grant_use
        group by bucket, account_id, transfer_id) u
      full join (
        select bucket, account_id, id, case when debit = 'grants' then amount else -amount end as amount
        from transfer
        where 'grants' in (debit, credit) and kind not in ('grant_issued', 'grant_expired')) t
        on t.bucket = u.bucket and t.account_id = u.account_id and t.id = u.transfer_id
      where u.shared is distinct from t.amount`,
  },
];
