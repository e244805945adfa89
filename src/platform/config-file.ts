import { readFileSync } from 'node:fs';

/** What a JSON file contributes: values by variable name, and everything that is wrong with it. */
export interface ConfigFile {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/**
 * Reads a JSON object whose keys are names of variables (`{"API_PORT": 8082}`). Every unknown key and every value that is
 * not a text, number or boolean is a problem; the contents are never repeated, because they may hold secrets.
 */
export function readConfigFile(path: string, known: readonly string[]): ConfigFile {
  const parsed = parseObject(path);
  if (typeof parsed === 'string') return { values: {}, problems: [`CONFIG_FILE: ${parsed}`] };
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(parsed)) {
    if (!known.includes(key)) problems.push(`CONFIG_FILE: unknown key ${JSON.stringify(key)}`);
    else if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      problems.push(`CONFIG_FILE: ${key} must be a text, a number or a boolean`);
    else values[key] = String(value);
  }
  return { values, problems };
}

function parseObject(path: string): Record<string, unknown> | string {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    return `cannot read ${path}`;
  }
  try {
    const parsed: unknown = JSON.parse(content);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // The parser's own message would repeat a piece of the file.
  }
  return `${path} does not hold one JSON object`;
}
