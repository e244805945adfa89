import { Client } from 'pg';
import { migrationDataSource, revertLastMigration, runMigrations } from './migrate';

/**
 * Proves on an empty database that every migration can be taken back and run again with the same result, and that the
 * entities describe the tables as they are. Returns what it did, a line each; throws with every difference.
 */
export async function checkMigrations(url: string): Promise<string[]> {
  const names = await runMigrations(url);
  const first = await schemaOf(url);
  const reverted: string[] = [];
  for (let name = await revertLastMigration(url); name; name = await revertLastMigration(url))
    reverted.push(name);
  const left = (await schemaOf(url)).filter((line) => !OWN_BOOKKEEPING.test(line));
  await runMigrations(url);
  const second = await schemaOf(url);
  const problems = [
    ...left.map((line) => `down leaves behind: ${line}`),
    ...difference(first, second).map((line) => `missing after the second up: ${line}`),
    ...difference(second, first).map((line) => `only after the second up: ${line}`),
    ...(await entityDrift(url)).map(
      (statement) => `the entities differ from the tables; they would need: ${statement}`,
    ),
  ];
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return [
    `up ${names.length}, down ${reverted.length}, up again: the same ${second.length} parts; the entities agree`,
  ];
}

function difference(one: readonly string[], other: readonly string[]): string[] {
  const known = new Set(other);
  return one.filter((line) => !known.has(line));
}

/** Everything a migration can leave in the schema, a line each. */
const SCHEMA_PARTS = `
  select format('column %s.%s %s%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                case when a.attnotnull then ' not null' else '' end, pg_get_expr(d.adbin, d.adrelid)) as part
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
   where c.relnamespace = current_schema::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
  union all
  select format('relation %s %s %s', relname, relkind, relacl) from pg_class
   where relnamespace = current_schema::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
  union all
  select format('index %s', indexdef) from pg_indexes where schemaname = current_schema
  union all
  select format('constraint %s on %s %s', conname, conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint
   where connamespace = current_schema::regnamespace
  union all
  select format('trigger %s', pg_get_triggerdef(t.oid)) from pg_trigger t join pg_class c on c.oid = t.tgrelid
   where not t.tgisinternal and c.relnamespace = current_schema::regnamespace
  union all
  select format('function %s', pg_get_functiondef(oid)) from pg_proc
   where pronamespace = current_schema::regnamespace and prokind in ('f', 'p')
  union all
  select format('type %s', typname) from pg_type
   where typnamespace = current_schema::regnamespace and typtype in ('e', 'd', 'r')
  order by 1`;

/** The list of migrations that ran is the one thing that stays. */
const OWN_BOOKKEEPING = /\bmigrations(_\w+)?\b/;

async function schemaOf(url: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ part: string }>(SCHEMA_PARTS);
    return rows.map(({ part }) => part.trim());
  } finally {
    await client.end();
  }
}

/** Indexes, constraints, defaults and comments are the migrations' own; an entity maps columns. */
const NOT_MAPPED =
  /^(CREATE (UNIQUE )?INDEX|DROP INDEX|COMMENT ON|ALTER TABLE \S+ ((ADD|DROP) CONSTRAINT|ALTER COLUMN \S+ (SET|DROP) DEFAULT))/;

/** What TypeORM would change to make the tables look like the entities; nothing, when both agree. */
async function entityDrift(url: string): Promise<string[]> {
  const source = migrationDataSource(url);
  await source.initialize();
  try {
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query).filter((query) => !NOT_MAPPED.test(query));
  } finally {
    await source.destroy();
  }
}
