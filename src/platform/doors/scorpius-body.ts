import { z } from 'zod';
import { DomainError } from '../../core/errors';
import { FIELD_WORDS } from './scorpius-words';
import { fieldErrorsOf } from './zod-fields';

/** Reads a request of Scorpius. Throws `invalid-argument` with every wrong field in FastAPI's words. */
export function readScorpius<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input, { error: wordsOf });
  if (parsed.success) return parsed.data;
  const fields = fieldErrorsOf(parsed.error);
  const first = fields[0]!;
  throw new DomainError('invalid-argument', `${first.field}: ${first.reason}`, fields);
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: FIELD_WORDS.string_type,
  int: FIELD_WORDS.int_type,
  number: FIELD_WORDS.int_type,
  record: FIELD_WORDS.dict_type,
  object: FIELD_WORDS.dict_type,
};

/** Undefined leaves the words to the schema. */
function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? FIELD_WORDS.missing : TYPE_WORDS[issue.expected];
    case 'too_small':
      return issue.origin === 'string'
        ? `String should have at least ${issue.minimum} character`
        : `Input should be greater than or equal to ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `String should have at most ${issue.maximum} characters`
        : `Input should be less than or equal to ${issue.maximum}`;
    default:
      return undefined;
  }
}
