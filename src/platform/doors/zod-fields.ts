import type { z } from 'zod';
import type { FieldError } from '../../core/errors';

type Issue = z.core.$ZodIssue;

/** A caller learns more from a hundred wrong fields than from a hundred thousand. */
export const MAX_FIELD_ERRORS = 100;

/** What a schema found wrong, one field a line, with paths such as `events[3].quantity`. */
export function fieldErrorsOf(error: z.core.$ZodError): FieldError[] {
  return error.issues.flatMap((issue) => fieldsOf(issue, [])).slice(0, MAX_FIELD_ERRORS);
}

function fieldsOf(issue: Issue, above: readonly PropertyKey[]): FieldError[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: pathText([...path, key]), reason: 'is not a known field' }));
  }
  const alternative = issue.code === 'invalid_union' ? closestAlternative(issue.errors) : undefined;
  if (alternative !== undefined) return alternative.flatMap((inner) => fieldsOf(inner, path));
  return [{ field: pathText(path), reason: issue.message }];
}

/** Of several shapes a value may have, the one it misses by the least; undefined when they say nothing more. */
function closestAlternative(alternatives: Issue[][]): Issue[] | undefined {
  const deep = alternatives.filter((issues) =>
    issues.some(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  return deep.sort((one, other) => one.length - other.length)[0];
}

/** `['events', 3, 'quantity']` as `events[3].quantity`; the whole body is `body`. */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>((before, step) => {
    if (typeof step === 'number') return `${before}[${step}]`;
    return before === '' ? String(step) : `${before}.${String(step)}`;
  }, '');
  return text === '' ? 'body' : text;
}
