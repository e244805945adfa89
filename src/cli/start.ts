import { boot, type Running } from '../app-boot';
import { adminKeyForShell, tryThis, whatIsOn } from '../app-report';
import { loadConfig } from '../platform/config';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const START_HELP = `tallyhouse start [--ephemeral]

Runs the service. Without DATABASE_URL it brings its own Postgres and keeps everything in DATA_DIR.
  --ephemeral   keep nothing: a throw-away Postgres, removed at the end
Settings are environment variables; .env.example lists them.`;

/** A process that cannot finish in this time is ended by its supervisor anyway, without a word. */
const SHUTDOWN_PATIENCE_MS = 25_000;

/** What a command that runs the service was told. */
export interface StartSettings {
  readonly env: NodeJS.ProcessEnv;
  readonly ephemeral: boolean;
}

/** Runs the service until a signal ends it. Never throws: whatever stops the start is printed, and the exit code is 1. */
export function start(args: readonly string[]): Promise<void> {
  return serve(() => ({ env: environment(), ephemeral: parseArgs(args) }));
}

/** Runs the service with the settings `ask` finds, as `start` does. */
export async function serve(ask: () => StartSettings): Promise<void> {
  let running: Running | undefined;
  let closing: Promise<void> | undefined;
  const shutDown = (why: string, code: number): void => {
    // During the start nothing is under way; the embedded Postgres notices by itself that we are gone.
    if (closing || !running) process.exit(1);
    console.log(`${why}: finishing what is under way, once more to leave at once`);
    setTimeout(() => process.exit(1), SHUTDOWN_PATIENCE_MS).unref();
    closing = running.close();
    void closing.then(() => process.exit(code), failed);
  };
  process.on('SIGINT', () => shutDown('SIGINT', 0));
  process.on('SIGTERM', () => shutDown('SIGTERM', 0));
  try {
    const { env, ephemeral } = ask();
    running = await boot(loadConfig(env), {
      ephemeral,
      log: (line) => console.log(line),
      onLost: (reason) => shutDown(`The embedded Postgres is lost (${reason.message})`, 1),
    });
    report(running);
  } catch (error) {
    failed(error);
  }
}

function parseArgs(args: readonly string[]): boolean {
  const unknown = args.find((arg) => arg !== '--ephemeral');
  if (unknown !== undefined) throw new UsageError(`start does not know ${unknown}`, START_HELP);
  return args.includes('--ephemeral');
}

function report(running: Running): void {
  console.log(['', 'Tallyhouse is open.', ...whatIsOn(running)].join('\n'));
  console.log(['', 'Try this:', ...tryThis(running.config, adminKeyForShell(running)), ''].join('\n'));
}

function failed(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
