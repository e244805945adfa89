import { withClient } from './postgres';

/** Set by the clock of the database, or random: two honest runs of the same work differ in it. */
const CLOCK_COLUMNS = ['created_at', 'recorded_at', 'updated_at'];
const RANDOM_COLUMNS: Record<string, readonly string[]> = {
  audit_entry: ['at', 'hash', 'previous_hash'],
  audit_head: ['hash'],
  billing_event: ['id', 'at'],
  outbox: ['id', 'key', 'payload', 'due_at'],
};
/** Which invoice has which number depends on who was first. */
const NUMBER_COLUMNS = ['number', 'sequence'];

const COLUMNS = `
  select c.relname as table, array_agg(quote_ident(a.attname) order by a.attnum) as columns
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and not (a.attname = any($1::text[])) and not (c.relname || '.' || a.attname = any($2::text[]))
  group by 1 order by 1`;

/** Every row of every table, by table: as text and sorted, without what clocks and chance put there. */
export type Digest = Record<string, string[]>;

/** Reads the digest of a database; `numbers: false` leaves out those of invoices. */
export async function digestOf(url: string, { numbers = true } = {}): Promise<Digest> {
  return withClient(url, async (client) => {
    const chance = Object.entries(RANDOM_COLUMNS).flatMap(([table, names]) =>
      names.map((name) => `${table}.${name}`),
    );
    const without = numbers ? chance : [...chance, ...NUMBER_COLUMNS.map((name) => `invoice.${name}`)];
    const { rows: tables } = await client.query<{ table: string; columns: string[] }>({
      text: COLUMNS,
      values: [CLOCK_COLUMNS, without],
    });
    const selects = tables.map(
      ({ table, columns }) =>
        `select '${table}' as name, array(select r::text from (select ${columns.join(', ')} from ${table}) r order by 1) as rows`,
    );
    const { rows } = await client.query<{ name: string; rows: string[] }>(selects.join(' union all '));
    return Object.fromEntries(rows.map(({ name, rows: own }) => [name, own]));
  });
}
