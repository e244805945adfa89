import { assetPlaces } from '../core/asset';
import { CURRENCIES } from '../core/money';
import { appendOnlyCheck, type Check } from '../platform/checks';

/** What one major unit of a currency is in minor ones. */
const MINOR = `(values ${CURRENCIES.map((code) => `('${code}', 10::numeric ^ ${assetPlaces(code)})`).join(', ')})
  minor(currency, factor)`;

const FINAL = `i.status <> 'draft'`;

const OPEN = `i.total + i.carried - i.granted - i.credited - i.paid - i.written_off`;

/** What transfers say of each invoice they name as their source, in minor units. A reversal takes nothing off: it has a check of its own. */
const POSTED = `
  select t.bucket, t.account_id, split_part(t.source, '/', 1) as source, t.asset as currency,
    ${sum(`t.kind in ('charge', 'adjustment') and t.credit = 'usage'`)} - ${sum(`t.kind = 'adjustment' and t.debit = 'usage'`)} as net,
    ${sum(`t.kind = 'invoice' and t.credit = 'tax'`)} - ${sum(`t.kind = 'adjustment' and t.debit = 'tax'`)} as tax,
    ${sum(`t.kind = 'invoice' and t.debit = 'settlement'`)} as billed,
    ${sum(`t.kind = 'grant_used'`)} as granted,
    ${sum(`t.kind = 'payment'`)} as paid,
    ${sum(`t.kind = 'credit_note' and t.credit = 'settlement'`)} as credited,
    ${sum(`t.kind = 'uncollectible'`)} as written_off
  from transfer t join ${MINOR} on minor.currency = t.asset
  where t.source like 'invoice:%' group by 1, 2, 3, 4`;

/** Invoices that are final beside what transfers say of them; either may be missing. */
const BESIDE = `
  (select * from invoice i where ${FINAL}) i
  full join (${POSTED}) p
    on p.bucket = i.bucket and p.account_id = i.account_id and p.source = 'invoice:' || i.id and p.currency = i.currency`;

/** A part of an invoice as JSON: what it comes to, and whether prices contain it. */
const PARTS = (column: string, inclusive = 'true'): string => `
  (select coalesce(sum((part ->> 'minor')::bigint), 0) from json_array_elements(${column}) part where ${inclusive})`;

const NOTES = `
  select bucket, account_id, invoice_id, sum(net) as net, sum(tax) as tax, sum(unpaid) as unpaid, sum(paid) as given_back
  from credit_note group by 1, 2, 3`;

/**
 * What must hold of invoices at every commit, besides what the ledger's own checks say of its transfers. Each reads its tables
 * once; a number may still be missing, because it is given after everything else.
 */
export const INVOICE_CHECKS: readonly Check[] = [
  appendOnlyCheck(['invoice_line', 'credit_note']),
  {
    name: 'invoices: one that is final is refused every change of what it says',
    sql: `
      select g.trigger from (values ('invoice_is_final')) g(trigger)
      where not exists (
        select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
        where t.tgname = g.trigger and t.tgrelid = to_regclass('invoice') and p.proname = 'refuse_change_of_final_invoice'
          and t.tgenabled in ('O', 'A'))`,
  },
  {
    name: 'invoices: one that is final has a currency and an instant, a draft has no amounts and no number',
    sql: `
      select i.account_id, i.id, i.status, i.currency, i.finalised_at, i.number from invoice i
      where case when ${FINAL} then i.currency is null or i.finalised_at is null or i.rated is null
        else (i.subtotal, i.discount, i.tax, i.total, i.granted, i.carried, i.credited, i.paid, i.written_off)
          <> (0, 0, 0, 0, 0, 0, 0, 0, 0) or i.number is not null or i.finalised_at is not null end`,
  },
  {
    name: 'invoices: each is the sum of its lines',
    sql: `
      select i.account_id, i.id, i.status, i.subtotal, l.lines from invoice i
      full join (
        select bucket, account_id, invoice_id, sum(minor) as lines from invoice_line group by 1, 2, 3) l
        on l.bucket = i.bucket and l.account_id = i.account_id and l.invoice_id = i.id
      where i.id is null or (i.status = 'draft') = (l.lines is not null) or ${FINAL} and i.subtotal is distinct from l.lines`,
  },
  {
    name: 'invoices: the total is the subtotal less discounts, with taxes that prices do not contain',
    sql: `
      select i.account_id, i.id, i.subtotal, i.discount, i.tax, i.total from invoice i
      where i.discount <> ${PARTS('i.discounts')} or i.tax <> ${PARTS('i.taxes')}
        or i.total <> i.subtotal - i.discount + ${PARTS('i.taxes', `not (part ->> 'inclusive')::boolean`)}`,
  },
  {
    name: 'invoices: nothing is open of one that is settled, something of every other one, and never less than nothing',
    sql: `
      select i.account_id, i.id, i.status, ${OPEN} as open, i.carried from invoice i
      where ${FINAL} and (i.carried <> greatest(-i.total, 0)
        or least(i.granted, i.credited, i.paid, i.written_off) < 0
        or case i.status when 'void' then i.credited + i.paid + i.written_off <> 0
          when 'finalised' then ${OPEN} <= 0 or i.written_off <> 0
          when 'paid' then ${OPEN} <> 0 or i.written_off <> 0
          else ${OPEN} <> 0 end)`,
  },
  {
    name: 'invoices: the ledger holds the net, the tax and the total of each',
    sql: `
      select coalesce(i.account_id, p.account_id) as account_id, coalesce('invoice:' || i.id, p.source) as invoice,
        i.total, i.tax, p.net as posted_net, p.tax as posted_tax, p.billed as posted_total
      from ${BESIDE}
      where i.id is null or (i.total - i.tax, i.tax, greatest(i.total, 0)) is distinct from
        (coalesce(p.net, 0), coalesce(p.tax, 0), coalesce(p.billed, 0))`,
  },
  {
    name: 'invoices: the ledger holds what grants paid, what was paid, credited and written off of each',
    sql: `
      select i.account_id, i.id, i.granted, p.granted as posted_granted, i.paid, p.paid as posted_paid,
        i.credited, p.credited as posted_credited, i.written_off, p.written_off as posted_written_off
      from ${BESIDE}
      where i.id is not null and (i.granted, i.paid, i.credited, i.written_off) is distinct from
        (coalesce(p.granted, 0), coalesce(p.paid, 0), coalesce(p.credited, 0), coalesce(p.written_off, 0))`,
  },
  {
    name: 'invoices: every transfer of a void one is taken back, and none of the others',
    sql: `
      select i.account_id, i.id, i.status, t.id as transfer, r.id as reversal
      from invoice i
      join transfer t on t.bucket = i.bucket and t.account_id = i.account_id and t.source = 'invoice:' || i.id
        and t.kind in ('charge', 'invoice', 'adjustment', 'grant_used')
      left join transfer r on r.bucket = t.bucket and r.account_id = t.account_id and r.reverses = t.id
      where (i.status = 'void') <> (r.id is not null)`,
  },
  {
    name: 'invoices: what is open of them is the balance of settlement, by account and currency',
    sql: `
      select * from (
        select i.bucket, i.account_id, i.currency, sum(${OPEN}) as open from invoice i
        where i.status not in ('draft', 'void') group by 1, 2, 3) invoiced
      full join (
        select b.bucket, b.account_id, b.asset as currency, (b.debits - b.credits) * minor.factor as balance
        from balance b join ${MINOR} on minor.currency = b.asset where b.name = 'settlement') kept
        using (bucket, account_id, currency)
      where coalesce(open, 0) <> coalesce(balance, 0)`,
  },
  {
    name: 'invoices: what they gave back beyond what they billed is given as grants, by account and currency',
    sql: `
      select * from (
        select i.bucket, i.account_id, i.currency, sum(i.carried) as carried from invoice i
        where i.carried <> 0 group by 1, 2, 3) invoiced
      full join (
        select g.bucket, g.account_id, g.asset as currency, sum(g.amount * minor.factor) as given
        from credit_grant g join ${MINOR} on minor.currency = g.asset where g.kind = 'carried' group by 1, 2, 3) granted
        using (bucket, account_id, currency)
      where carried is distinct from given`,
  },
  {
    name: 'invoices: numbers run from 1 to the last without a gap, by issuer',
    sql: `
      select coalesce(n.issuer, i.issuer) as issuer, n.last, i.numbers, i.first, i.greatest from invoice_number n
      full join (
        select issuer, count(distinct sequence) as numbers, count(sequence) as given, count(distinct number) as names,
          min(sequence) as first, max(sequence) as greatest
        from invoice where sequence is not null group by issuer) i on i.issuer = n.issuer
      where n.issuer is null or (n.last, n.last, n.last, n.last) is distinct from
          (coalesce(i.given, 0), coalesce(i.numbers, 0), coalesce(i.names, 0), coalesce(i.greatest, 0))
        or i.first <> 1`,
  },
  {
    name: 'invoices: those of periods do not overlap, by account',
    sql: `
      select account_id, id, period_from, before_to from (
        select i.account_id, i.id, i.period_from, i.period_to,
          lag(i.period_to) over (partition by i.bucket, i.account_id order by i.period_from, i.period_to) as before_to
        from invoice i where i.kind = 'period') periods
      where period_from < before_to or period_from >= period_to`,
  },
  {
    name: 'credit notes: within the net and the tax of their invoice, and what of them was unpaid is off it',
    sql: `
      select coalesce(i.account_id, n.account_id) as account_id, coalesce(i.id, n.invoice_id) as invoice, i.status,
        i.total, i.tax, n.net, n.tax as credited_tax, i.credited, n.unpaid
      from (select * from invoice i where ${FINAL}) i
      full join (${NOTES}) n on n.bucket = i.bucket and n.account_id = i.account_id and n.invoice_id = i.id
      where i.id is null or i.credited <> coalesce(n.unpaid, 0)
        or n.net > i.total - i.tax or n.tax > i.tax or n.given_back > i.paid + i.granted`,
  },
];

/** Amounts of the transfers that are so, in minor units. */
function sum(condition: string): string {
  return `coalesce(sum(t.amount * minor.factor) filter (where ${condition}), 0)`;
}
