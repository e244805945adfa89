import type { FieldError } from '../../core/errors';

/** What Scorpius says to whoever writes for an organisation that is not his; elsewhere it denies access. */
export const ORGANIZATION_MISMATCH = 'Organization ID mismatch';

/** One wrong field as FastAPI words it: where it is, what is wrong with it, and that by a fixed word. */
export interface WrongField {
  readonly loc: readonly string[];
  readonly msg: string;
  readonly type: string;
}

/** FastAPI's sentences about fields, by the word it has for each. */
export const FIELD_WORDS = {
  missing: 'Field required',
  string_type: 'Input should be a valid string',
  int_type: 'Input should be a valid integer',
  dict_type: 'Input should be a valid dictionary',
} as const;

const TYPES: readonly (readonly [RegExp, string])[] = [
  ...Object.entries(FIELD_WORDS).map(([type, words]) => [new RegExp(`^${words}$`), type] as const),
  [/^Input should be greater than or equal to /, 'greater_than_equal'],
  [/^Input should be less than or equal to /, 'less_than_equal'],
  [/^String should have at least /, 'string_too_short'],
  [/^String should have at most /, 'string_too_long'],
  [/^is not valid JSON$/, 'json_invalid'],
];

const HEADERS: ReadonlySet<string> = new Set(['content-type', 'content-length', 'idempotency-key']);

/** A wrong field in FastAPI's shape. A name below a member of the body may hold dots: only the first of them parts. */
export function wrongField({ field, reason }: FieldError): WrongField {
  const type = TYPES.find(([words]) => words.test(reason))?.[1] ?? 'value_error';
  return { loc: placeOf(field), msg: reason, type };
}

function placeOf(field: string): string[] {
  if (HEADERS.has(field)) return ['header', field];
  if (field === 'body' || field === 'path') return [field];
  const dot = field.indexOf('.');
  if (dot < 0) return ['body', field];
  const [above, below] = [field.slice(0, dot), field.slice(dot + 1)];
  return above === 'path' ? [above, below] : ['body', above, below];
}
