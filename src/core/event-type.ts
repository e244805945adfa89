/** A type of billing event, such as `invoice.paid`: words by dots. */
export const EVENT_TYPE_PATTERN = '^[a-z][a-z0-9_]{0,49}(\\.[a-z][a-z0-9_]{0,49}){0,4}$';

/** `*`, a type, or a prefix such as `invoice.*`. */
export const EVENT_TYPES_PATTERN = '^(\\*|[a-z][a-z0-9_]{0,49}(\\.[a-z][a-z0-9_]{0,49}){0,4}(\\.\\*)?)$';

/** Whether one of the patterns takes the type: `*` takes all, `invoice.*` takes what begins with `invoice.`. */
export function takesType(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => {
    if (pattern === '*' || pattern === type) return true;
    return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
  });
}
