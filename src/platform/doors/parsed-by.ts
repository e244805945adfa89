import { z } from 'zod';
import { DomainError } from '../../core/errors';

const FIELD = 'value';

/**
 * What `schema` lets through, read further by a parser of core. The parser is told the field to name in its refusals;
 * those become issues of the schema, each at its own path, so that one answer lists them beside all others.
 */
export function parsedBy<I, T>(schema: z.ZodType<I>, parse: (input: I, field: string) => T) {
  return schema.transform((input, context): T => {
    try {
      return parse(input, FIELD);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      for (const { field, reason } of error.fields) {
        context.addIssue({ code: 'custom', path: pathBelow(field), message: reason });
      }
      return z.NEVER;
    }
  });
}

/** `value.tiers[0].up_to` as one step below the field itself. */
function pathBelow(field: string): string[] {
  return field.startsWith(`${FIELD}.`) ? [field.slice(FIELD.length + 1)] : [];
}
