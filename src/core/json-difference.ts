import { isObject } from './json-object';

/** One place at which two JSON values differ; null where one of them has nothing. */
export interface Difference {
  /** Such as `prices.build_minutes.tiers[1].up_to`; empty where the values differ as a whole. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/**
 * Where two JSON values differ, as deep as their shapes agree, in the order of `before` and then of what only `after`
 * has. The order of names in an object is no difference; the values come as JSON text.
 */
export function jsonDifference(before: unknown, after: unknown, path = ''): Difference[] {
  if (before === after) return [];
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => {
      const at = path === '' ? name : `${path}.${name}`;
      return jsonDifference(memberOf(before, name), memberOf(after, name), at);
    });
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const [one, other]: [readonly unknown[], readonly unknown[]] = [before, after];
    const longest = one.length > other.length ? one : other;
    return longest.flatMap((_, index) => jsonDifference(one[index], other[index], `${path}[${index}]`));
  }
  return [{ path, before: textOf(before), after: textOf(after) }];
}

function memberOf(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
