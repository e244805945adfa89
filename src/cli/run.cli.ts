import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { environment } from './environment';
import { serve, type StartSettings } from './start';
import { UsageError } from './usage-error';

export const RUN_HELP = `tallyhouse run [--config <file>] [--verbose]

Runs the service like start, told by a JSON file as Gitpod's usage component is (docs/gitpod.md).
  --config <file>   the file; else CONFIG_FILE, else config.json in the working directory
  --verbose         LOG_LEVEL=debug
Environment variables win over the file.`;

const DEFAULT_FILE = 'config.json';

const OPTIONS = {
  config: { type: 'string' },
  verbose: { type: 'boolean', default: false },
} as const;

/** Runs the service until a signal ends it. Never throws, as `start`. */
export function run(args: readonly string[]): Promise<void> {
  return serve(() => settingsOf(parse(args), environment()));
}

function parse(args: readonly string[]): { config?: string; verbose: boolean } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), RUN_HELP);
  }
}

function settingsOf(
  { config, verbose }: { config?: string; verbose: boolean },
  env: NodeJS.ProcessEnv,
): StartSettings {
  const path = config ?? env.TALLYHOUSE_CONFIG_FILE ?? env.CONFIG_FILE ?? defaultFile();
  const told = withSetting(env, 'CONFIG_FILE', path);
  return { env: verbose ? withSetting(told, 'LOG_LEVEL', 'debug') : told, ephemeral: false };
}

function defaultFile(): string {
  if (existsSync(DEFAULT_FILE)) return DEFAULT_FILE;
  throw new UsageError(`run needs --config <file>: there is no ${DEFAULT_FILE} here`, RUN_HELP);
}

/** Under both of its names, so that what was set with the prefix does not contradict. */
function withSetting(env: NodeJS.ProcessEnv, name: string, value: string): NodeJS.ProcessEnv {
  return { ...env, [name]: value, [`TALLYHOUSE_${name}`]: value };
}
