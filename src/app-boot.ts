import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from './app';
import { closeApp, openDoors, type OpenDoors } from './app-doors';
import type { Config } from './platform/config';
import { checkDatabase, type DatabaseState } from './platform/database-check';
import { EmbeddedPostgres } from './platform/embedded-postgres';
import { runMigrations } from './platform/migrate';
import { completeSecrets } from './platform/secrets';
import { Seeds } from './platform/seeds';

export interface BootOptions {
  /** Keep nothing: an embedded Postgres in a temporary folder, removed at the end. */
  readonly ephemeral: boolean;
  /** Where sentences for the operator go. */
  readonly log: (line: string) => void;
  /** Called when the embedded Postgres died and could not be brought back. */
  readonly onLost: (reason: Error) => void;
}

/** A running installation. */
export interface Running {
  readonly app: NestFastifyApplication;
  /** Complete: with the address of Postgres and every secret. */
  readonly config: Config;
  readonly doors: OpenDoors;
  readonly database: DatabaseState;
  readonly isEmbedded: boolean;
  readonly adminKeyIsNew: boolean;
  readonly migrations: readonly string[];
  /** Loses nothing that was acknowledged; the embedded Postgres stops last. */
  close(): Promise<void>;
}

/** A slow database server must not make its service fail beside it; a wrong address must not take for ever to show. */
export const DATABASE_PATIENCE_MS = 30_000;

/** From a configuration to open doors. Whatever was started is stopped again when a later step fails. */
export async function boot(settings: Config, options: BootOptions): Promise<Running> {
  const undo: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const store = await openStore(settings, options, undo);
    const { databaseUrl } = store.config;
    const found = await checkDatabase(databaseUrl!, DATABASE_PATIENCE_MS);
    if (found.problems.length > 0 && !settings.allowUnsafeDatabase) throw new Error(refusal(found));
    const migrations = await runMigrations(databaseUrl!);
    // Looked at once more, because the first migration makes the role that guards the facts.
    const database = await checkDatabase(databaseUrl!, DATABASE_PATIENCE_MS);
    const app = await createApp(store.config);
    undo.push(() => closeApp(app));
    await app.init();
    await app.get(Seeds).run();
    const doors = await openDoors(app, store.config);
    return { app, ...store, doors, database, migrations, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Store {
  readonly config: Config;
  readonly isEmbedded: boolean;
  readonly adminKeyIsNew: boolean;
}

async function openStore(
  config: Config,
  options: BootOptions,
  undo: (() => Promise<void>)[],
): Promise<Store> {
  if (config.databaseUrl) return { config, isEmbedded: false, adminKeyIsNew: false };
  const postgres = await EmbeddedPostgres.start({
    dataDir: config.dataDir,
    ephemeral: options.ephemeral,
    sharedBuffers: `${Math.floor(config.embeddedSharedBuffers / 1024)}kB`,
    log: options.log,
    onLost: options.onLost,
  });
  undo.push(() => postgres.stop());
  const complete = completeSecrets(config, options.ephemeral);
  return { ...complete, config: { ...complete.config, databaseUrl: postgres.url() }, isEmbedded: true };
}

/** Why a database with these problems is not taken, in a sentence for the operator. */
export function refusal({ problems }: Pick<DatabaseState, 'problems'>): string {
  return `This Postgres is not safe to keep usage in: ${problems.join('; ')}. For throw-away tests only, DATABASE_ALLOW_UNSAFE=true.`;
}
