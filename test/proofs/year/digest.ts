import type { Pool } from 'pg';

/** What a database holds, as one hash per table. */
export type Digest = Readonly<Record<string, string>>;

/** Leases and the runs of jobs say who worked, not what is true. */
const VOLATILE = ['lease_lock', 'job_run', 'job_turn', 'api_key'];

const TABLES = `
  select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = current_schema() and c.relkind in ('r', 'p') and not c.relispartition and not (c.relname = any($1))
  order by 1`;

/** Every column of every row, so that two digests of one database differ when any row was changed in between. */
export async function digestOf(client: Pool): Promise<Digest> {
  const { rows } = await client.query<{ name: string }>(TABLES, [VOLATILE]);
  const digest: Record<string, string> = {};
  for (const { name } of rows) digest[name] = await hashOf(client, `select * from ${name}`);
  return digest;
}

/**
 * What two runs of one year must have in common: everything but wall-clock times, numbers in the order of which processes
 * came first, random ids, and how often something was written.
 */
const COMMON: Readonly<Record<string, string>> = {
  accounts: 'select id, bucket, key from account',
  terms: `
    select account_id, version, valid_from, plan_version_id, trial_ends_at, overrides::text, taxes::text, discounts::text
    from terms`,
  invoices: `
    select account_id, id, kind, period_from, period_to, status, finalise_at, finalised_at, paid_at, voided_at, currency,
      subtotal, discount, tax, total, granted, carried, credited, paid, written_off, discounts::text, taxes::text, problem
    from invoice`,
  rated: 'select account_id, kind, period_from, finalised_at, total, rated::text from invoice',
  lines: `
    select l.account_id, position, l.kind, l.period_from, l.period_to, segment_from, segment_to, v.plan_key, meter, l.key,
      description, quantity, unit_amount, amount, minor, i.kind as of_kind, i.finalised_at
    from invoice_line l join invoice i on i.bucket = l.bucket and i.account_id = l.account_id and i.id = l.invoice_id
    left join plan_version v on v.id = l.plan_version_id`,
  notes: 'select account_id, id, invoice_id, net, tax, unpaid, paid, reason from credit_note',
  grants: `
    select account_id, id, asset, kind, amount, used, expired, priority, expires_at, description from credit_grant`,
  drawings: 'select account_id, transfer_id, grant_id, amount from grant_use',
  transfers: `
    select account_id, id, effective_at, asset, debit, credit, amount, kind, source, reverses from transfer`,
  balances: 'select account_id, name, asset, debits, credits from balance',
  states: 'select account_id, open_from, due_at, carried::text from billing_state',
  late: 'select distinct account_id, period_from from late_usage',
  told: 'select account_id, type, key, data from billing_event',
  events: 'select account_id, key, type, occurred_at, quantity, resource, properties::text from usage_event',
  corrections: 'select account_id, target, revision, kind, quantity from event_correction',
  counters: `
    select account_id, m.key as meter, segment_from, dims, sum, c.count, delta
    from usage_counter c join meter m on m.id = c.meter_id where (sum, c.count, delta) <> (0, 0, 0)`,
  levels: `
    select account_id, m.key as meter, resource, occurred_at, level
    from level_change c join meter m on m.id = c.meter_id`,
};

const ANY_ID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** The digest of what two runs of one year have in common, whatever ids they gave. */
export async function commonDigestOf(client: Pool): Promise<Digest> {
  const digest: Record<string, string> = {};
  for (const [name, rows] of Object.entries(COMMON)) {
    const text = `select regexp_replace(r::text, '${ANY_ID}', 'id', 'g') from (${rows}) r`;
    digest[name] = await hashOf(client, text);
  }
  return digest;
}

/** The names under which two digests differ. */
export function differences(one: Digest, other: Digest): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => one[name] !== other[name]);
}

async function hashOf(client: Pool, rows: string): Promise<string> {
  const { rows: found } = await client.query<{ hash: string }>(`
    select count(*) || ' ' || coalesce(md5(string_agg(hash, '' order by hash)), '') as hash
    from (select md5(r::text) as hash from (${rows}) r) hashed`);
  return found[0]!.hash;
}
