import { CREDIT } from '../core/asset';
import type { Check } from '../platform/checks';
import { ACCRUAL_SOURCE } from './span-fold.service';

/** What must hold of spans and the ledger at every commit. */
export const SPAN_CHECKS: readonly Check[] = [
  {
    name: 'spans: what is posted for each one stands in the ledger',
    sql: `
      select s.account_id, s.id, s.posted, coalesce(l.posted, 0) as in_ledger
      from span s
      left join (
        select account_id, split_part(substr(source, 6), '/', 1) as span_id,
          sum(case when debit = 'receivable' then amount else -amount end) as posted
        from transfer where source like 'span:%' and asset = '${CREDIT}' group by 1, 2) l
        on l.account_id = s.account_id and l.span_id = s.id::text
      where s.posted <> coalesce(l.posted, 0)`,
  },
  {
    name: 'spans: what is final is posted at its price, and nothing else is',
    sql: `
      select account_id, id, amount, posted, is_draft, is_void from span
      where posted <> case when is_draft or is_void then 0 else amount end`,
  },
  {
    name: 'spans: what is accrued is pending, and who has running ones is known',
    sql: `
      select account_id, a.amount, p.amount as pending, a.running, o.open from span_accrual a
      full join (select account_id, amount from pending where source = '${ACCRUAL_SOURCE}' and asset = '${CREDIT}') p
        using (account_id)
      full join (
        select account_id, count(*) as open from span where ended_at is null and not is_void group by account_id) o
        using (account_id)
      where coalesce(a.amount, 0) <> coalesce(p.amount, 0) or coalesce(a.running, 0) <> coalesce(o.open, 0)`,
  },
];
