import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../core/errors';
import { statusOf } from './error-answer';
import type { Json } from './open-api-schema';
import type { ErrorShape } from './route-config';

const CODES = Object.keys(ERRORS) as ErrorCode[];

/** How failures look, by the shape that a door words them in. */
const SHAPES: Record<ErrorShape, { contentType: string; body: z.ZodType }> = {
  problem: {
    contentType: 'application/problem+json',
    body: z
      .strictObject({
        type: z.literal('about:blank'),
        title: z.string(),
        status: z.int(),
        code: z.enum(CODES),
        detail: z.string(),
        errors: z
          .array(
            z.strictObject({
              field: z.string().meta({ description: 'A path such as `events[3].quantity`.' }),
              reason: z.string(),
            }),
          )
          .optional()
          .meta({ description: 'Every field that is wrong, not only the first.' }),
        correlation_id: z.string().meta({ description: 'Names the request in our logs.' }),
      })
      .meta({ id: 'Problem', description: 'RFC 9457.' }),
  },
  waybill: {
    contentType: 'application/json',
    body: z.strictObject({ error: z.string() }).meta({ id: 'WaybillFailure' }),
  },
  scorpius: {
    contentType: 'application/json',
    body: z
      .strictObject({
        detail: z.union([
          z.string(),
          z.array(
            z.strictObject({
              loc: z.array(z.string()).meta({ description: 'A path such as `["body", "quantity"]`.' }),
              msg: z.string(),
              type: z.string(),
            }),
          ),
        ]),
      })
      .meta({ id: 'ScorpiusFailure', description: 'One text, or every field that is wrong.' }),
  },
};

const MAY_RETRY: readonly ErrorCode[] = ['unavailable', 'rate-limited'];

/** The statuses of failures, each once, in order. */
export function failureStatuses(codes: readonly ErrorCode[], shape: ErrorShape): number[] {
  return [...new Set(codes.map((code) => statusOf(code, shape)))].sort((one, other) => one - other);
}

/** The name under which the failures of one status stand among the document's components. */
export function failureName(shape: ErrorShape, status: number): string {
  return `${shape}-${status}`;
}

/** All failures of one status as one response. */
export function failureResponse(shape: ErrorShape, status: number, write: (body: z.ZodType) => Json): Json {
  const codes = CODES.filter((code) => statusOf(code, shape) === status);
  const { contentType, body } = SHAPES[shape];
  const retryAfter = { description: 'Seconds to wait before the next try.', schema: { type: 'integer' } };
  return {
    description: codes.map((code) => `${ERRORS[code].title} (\`${code}\`)`).join(', or '),
    ...(codes.some((code) => MAY_RETRY.includes(code)) ? { headers: { 'Retry-After': retryAfter } } : {}),
    content: { [contentType]: { schema: write(body) } },
  };
}
