import type { StripeObject } from './stripe-object';
import { invalidRequest } from './stripe-refusal';

const PATH = /^([^[\]]+)((?:\[[^[\]]*\])*)$/;

/**
 * Reads `a[b][0][c]=1&expand[]=x` into nested objects and arrays of texts, as the SDK writes them.
 * @throws StripeRefusal when a name cannot be read
 */
export function readForm(text: string): StripeObject {
  const root: StripeObject = {};
  for (const [name, value] of new URLSearchParams(text)) put(root, keysOf(name), value);
  return arraysIn(root) as StripeObject;
}

function keysOf(name: string): string[] {
  const match = PATH.exec(name);
  if (!match) throw invalidRequest(`A parameter's name cannot be read: ${name}`, { param: name });
  return [match[1]!, ...[...match[2]!.matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1]!)];
}

function put(root: StripeObject, keys: string[], value: string): void {
  let at = root;
  for (const key of keys.slice(0, -1)) {
    const name = key === '' ? String(Object.keys(at).length) : key;
    if (typeof at[name] !== 'object') at[name] = Object.create(null);
    at = at[name] as StripeObject;
  }
  const last = keys.at(-1)!;
  at[last === '' ? String(Object.keys(at).length) : last] = value;
}

/** Numbered from nought without a gap is an array; anything else with names stays an object. */
function arraysIn(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, arraysIn(inner)] as const);
  const numbered = entries.length > 0 && entries.every(([key], at) => key === String(at));
  return numbered ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

/** `['items', '0', 'price']` as Stripe names it in errors: `items[0][price]`. */
export function paramName(path: readonly string[]): string {
  return path.length === 0
    ? ''
    : path[0]! +
        path
          .slice(1)
          .map((part) => `[${part}]`)
          .join('');
}
