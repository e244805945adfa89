import { readGitpodKeys, type GitpodKeys } from './config-gitpod';
import { readJsonObject } from './config-json';

/** What a JSON file contributes: values by variable name, and everything that is wrong with it. */
export type ConfigFile = GitpodKeys;

/** No file. */
export const NO_FILE: ConfigFile = { values: {}, origins: {}, withoutEffect: [], problems: [] };

export interface KnownNames {
  /** Names of variables a file may set. */
  readonly names: readonly string[];
  /** Whether something stronger sets a variable. */
  readonly isOverruled: (name: string) => boolean;
}

/**
 * Reads a JSON object whose keys are names of variables (`{"API_PORT": 8082}`) or what the original's file has
 * (`{"redis": {"address": "redis:6379"}}`). Every unknown key at any depth and every value of a wrong kind is a problem; the
 * contents are never repeated, because they may hold secrets.
 */
export function readConfigFile(path: string, { names, isOverruled }: KnownNames): ConfigFile {
  let parsed: Readonly<Record<string, unknown>>;
  try {
    parsed = readJsonObject(path);
  } catch (error) {
    return { ...NO_FILE, problems: [`CONFIG_FILE: ${(error as Error).message}`] };
  }
  const isOurs = ([key]: [string, unknown]): boolean => names.includes(key);
  const entries = Object.entries(parsed);
  const ours = readVariables(entries.filter(isOurs));
  const theirs = readGitpodKeys(
    Object.fromEntries(entries.filter((entry) => !isOurs(entry))),
    (name) => isOverruled(name) || name in ours.values,
  );
  const twice = Object.keys(ours.values).filter((name) => theirs.values[name]);
  return {
    ...theirs,
    values: { ...theirs.values, ...ours.values },
    problems: [
      ...ours.problems,
      ...theirs.problems,
      ...twice.map(
        (name) => `CONFIG_FILE: ${name} and ${theirs.origins[name]} say the same; keep one of them`,
      ),
    ],
  };
}

function readVariables(entries: readonly [string, unknown][]): Pick<ConfigFile, 'values' | 'problems'> {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const [name, value] of entries) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      problems.push(`CONFIG_FILE: ${name} must be a text, a number or a boolean`);
    else values[name] = String(value);
  }
  return { values, problems };
}
