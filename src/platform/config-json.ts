import { readFileSync } from 'node:fs';

/** The value as an object with keys, where it is one. */
export function objectIn(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

/** Reads a file that holds one JSON object. Throws a sentence without its contents, which may be secrets. */
export function readJsonObject(path: string): Readonly<Record<string, unknown>> {
  const parsed = objectIn(parsedOrNull(contentOf(path)));
  if (parsed === null) throw new Error(`${path} does not hold one JSON object`);
  return parsed;
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new Error(`cannot read ${path}`);
  }
}

/** The parser's own message would repeat a piece of the file. */
function parsedOrNull(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}
