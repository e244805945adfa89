import { type Asset, assetPlaces, CREDIT } from '../core/asset';
import { CURRENCIES } from '../core/money';
import { appendOnlyCheck, type Check } from '../platform/checks';

const ASSETS: readonly Asset[] = [CREDIT, ...CURRENCIES];
const PLACES = ASSETS.map((asset) => `('${asset}', ${assetPlaces(asset)})`).join(', ');

/** Both sides of every transfer, as debits and credits of a name. */
const SIDES = `
  select bucket, account_id, debit as name, asset, amount as debits, 0 as credits from transfer
  union all select bucket, account_id, credit, asset, 0, amount from transfer`;

/**
 * What must hold of transfers, balances and what is pending at every commit. Uniqueness, signs of amounts and two
 * different sides are constraints of the tables already.
 */
export const LEDGER_CHECKS: readonly Check[] = [
  appendOnlyCheck(['transfer', 'grant_use']),
  {
    name: 'transfers: debits equal credits, by account and asset',
    sql: `
      select account_id, asset, sum(debits) as debits, sum(credits) as credits from (${SIDES}) sides
      group by account_id, asset having sum(debits) <> sum(credits)`,
  },
  {
    name: 'balances: each is the sum of its transfers',
    sql: `
      select * from (select bucket, account_id, name, asset, debits, credits from balance) kept
      full join (
        select bucket, account_id, name, asset, sum(debits) as summed_debits, sum(credits) as summed_credits
        from (${SIDES}) sides group by bucket, account_id, name, asset) summed using (bucket, account_id, name, asset)
      where (debits, credits) is distinct from (summed_debits, summed_credits)`,
  },
  {
    name: 'balances: an asset adds up to zero, by account',
    sql: `
      select account_id, asset, sum(debits - credits) as sum from balance
      group by account_id, asset having sum(debits - credits) <> 0`,
  },
  {
    name: 'transfers and pending: amounts are whole smallest units of a known asset',
    sql: `
      select m.account_id, m.source, m.asset, m.amount
      from (
        select account_id, source, asset, amount from transfer
        union all select account_id, source, asset, amount from pending) m
      left join (values ${PLACES}) p(asset, places) on p.asset = m.asset
      where p.places is null or m.amount <> round(m.amount, p.places)`,
  },
  {
    name: 'transfers and pending: each belongs to an account that exists',
    sql: `
      select m.account_id, m.bucket, m.source
      from (select account_id, bucket, source from transfer union all select account_id, bucket, source from pending) m
      left join account a on a.id = m.account_id and a.bucket = m.bucket
      where a.id is null`,
  },
  {
    name: 'reversals: each is the original with its sides swapped',
    sql: `
      select r.account_id, r.id, r.reverses from transfer r
      left join transfer o on o.bucket = r.bucket and o.account_id = r.account_id and o.id = r.reverses
      where (r.reverses is null) = (r.kind = 'reversal')
        or r.reverses is not null
          and (r.asset, r.amount, r.debit, r.credit) is distinct from (o.asset, o.amount, o.credit, o.debit)`,
  },
  {
    name: 'balances: grants and tax never stand in debit, settlement never in credit',
    sql: `
      select account_id, name, asset, debits, credits from balance
      where name in ('grants', 'tax') and debits > credits or name = 'settlement' and credits > debits`,
  },
];
