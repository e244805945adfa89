import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { DataSource, MigrationExecutor } from 'typeorm';
import { packageRoot } from './package-root';

/** The checkout, or `dist` at run time: both hold `migrations` and `src` side by side. */
const ROOT = join(__dirname, '..', '..');
/** Any number nobody else locks; every node of one installation takes the same one. */
const MIGRATION_LOCK = '7246111903';

/** One migration and whether the database has it. */
export interface MigrationState {
  readonly name: string;
  readonly ran: boolean;
}

/** The data source of migrations and of the schema check; it connects as the login role, since only that may change tables. */
export function migrationDataSource(url: string | undefined): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    applicationName: 'tallyhouse-migrate',
    migrations: migrationFiles(),
    migrationsTransactionMode: 'each',
    entities: [join(ROOT, 'src', '**', '*.entity.{ts,js}')],
    synchronize: false,
    extra: { max: 1 },
  });
}

/**
 * The migrations of this version. What was compiled from a source that has since been renamed or removed is left out, and
 * a name outside of the grammar is an error instead of a migration that silently never runs.
 */
function migrationFiles(): string[] {
  const folder = join(ROOT, 'migrations');
  const sources = join(packageRoot(), 'migrations');
  const known = existsSync(sources) ? new Set(codeIn(sources).map(stem)) : undefined;
  const files = codeIn(folder).filter((name) => known?.has(stem(name)) ?? true);
  const odd = files.find((name) => !/^\d{13}(-[a-z0-9]+){2,}$/.test(stem(name)));
  if (odd) throw new Error(`migrations/${odd} is not named <epoch-ms>-<verb>-<noun>`);
  return files.map((name) => join(folder, name));
}

function codeIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => /\.(ts|js)$/.test(name));
}

function stem(name: string): string {
  return name.replace(/\.\w+$/, '');
}

/** Brings the schema up to date and names what was run. Nodes that start at the same time wait for the first one and then find nothing to do. */
export function runMigrations(url: string): Promise<string[]> {
  return migrating(url, async (source) => (await source.runMigrations()).map(({ name }) => name));
}

/** Takes back the newest migration and names it; undefined when there is none. */
export function revertLastMigration(url: string): Promise<string | undefined> {
  return migrating(url, async (source) => {
    const [newest] = await new MigrationExecutor(source).getExecutedMigrations();
    if (newest) await source.undoLastMigration();
    return newest?.name;
  });
}

/** Every migration of this version in its order, and whether the database has it. */
export function showMigrations(url: string): Promise<MigrationState[]> {
  return migrating(url, async (source) => {
    const pending = await new MigrationExecutor(source).getPendingMigrations();
    const names = source.migrations.map(({ name, constructor }) => name ?? constructor.name);
    return names.map((name) => ({ name, ran: !pending.some((migration) => migration.name === name) }));
  });
}

/** Does `work` while holding the advisory lock on a connection of its own, so that losing the process releases it. */
async function migrating<R>(url: string, work: (source: DataSource) => Promise<R>): Promise<R> {
  const guard = new Client({ connectionString: url, application_name: 'tallyhouse-migrate' });
  guard.on('error', () => undefined);
  await guard.connect();
  const source = migrationDataSource(url);
  try {
    await guard.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await source.initialize();
    return await work(source);
  } finally {
    if (source.isInitialized) await source.destroy();
    await guard.end().catch(() => undefined);
  }
}
