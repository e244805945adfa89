import { loadConfig } from '../platform/config';
import { EmbeddedPostgres } from '../platform/embedded-postgres';
import { revertLastMigration, runMigrations, showMigrations } from '../platform/migrate';
import { checkMigrations } from '../platform/migration-check';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const MIGRATE_HELP = `tallyhouse migrate run | revert | show | check

  run      brings the schema up to date (the start does so too)
  revert   takes back the newest migration
  show     lists every migration and whether the database has it
  check    on an empty throw-away database: up, down, up again, then compares the schema with the entities
run, revert and show work on DATABASE_URL, else on the embedded Postgres of DATA_DIR, which must not be running.`;

type Action = (url: string) => Promise<readonly string[]>;

const ACTIONS: Readonly<Record<string, Action>> = {
  run: async (url) => said(await runMigrations(url), 'ran', 'The schema is up to date.'),
  revert: async (url) =>
    said(
      [await revertLastMigration(url)].flatMap((name) => name ?? []),
      'reverted',
      'There is nothing to revert.',
    ),
  show: async (url) => (await showMigrations(url)).map(({ name, ran }) => `${ran ? '[x]' : '[ ]'} ${name}`),
};

/** Runs one migration command and prints what it did; a failed check throws. */
export async function migrate(args: readonly string[]): Promise<void> {
  const [verb, ...rest] = args;
  if (rest.length > 0) throw new UsageError(`migrate does not know ${rest[0]}`, MIGRATE_HELP);
  if (verb === 'check') return print(await onThrowAwayPostgres(checkMigrations));
  const action = ACTIONS[verb ?? ''];
  if (!action) throw new UsageError(verb ? `migrate does not know ${verb}` : 'migrate what?', MIGRATE_HELP);
  print(await onConfiguredPostgres(action));
}

function said(names: readonly string[], verb: string, otherwise: string): string[] {
  return names.length === 0 ? [otherwise] : names.map((name) => `${verb} ${name}`);
}

function print(lines: readonly string[]): void {
  console.log(lines.join('\n'));
}

async function onConfiguredPostgres(action: Action): Promise<readonly string[]> {
  const { databaseUrl, dataDir } = loadConfig(environment());
  if (databaseUrl) return action(databaseUrl);
  return onEmbedded(await EmbeddedPostgres.start({ dataDir, log: (line) => console.log(line) }), action);
}

async function onThrowAwayPostgres(action: Action): Promise<readonly string[]> {
  return onEmbedded(
    await EmbeddedPostgres.start({ dataDir: '', ephemeral: true, sharedBuffers: '128MB' }),
    action,
  );
}

async function onEmbedded(postgres: EmbeddedPostgres, action: Action): Promise<readonly string[]> {
  try {
    return await action(postgres.url());
  } finally {
    await postgres.stop();
  }
}
