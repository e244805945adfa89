import { HttpException } from '@nestjs/common';
import { z } from 'zod';
import { DomainError, ERRORS, type ErrorCode, type FieldError } from '../../core/errors';
import { fieldErrorsOf } from './zod-fields';

/** What a caller may know of a failure. */
export interface Problem {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly fields: readonly FieldError[];
  /** Whole seconds after which a retry makes sense. */
  readonly retryAfterSeconds: number | null;
  /** Ours to repair: logged with its stack, answered without its message. */
  readonly isFault: boolean;
}

const HTTP_TO_CODE: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthenticated',
  402: 'limit-refused',
  403: 'forbidden',
  404: 'not-found',
  405: 'not-found',
  409: 'conflict',
  413: 'payload-too-large',
  429: 'rate-limited',
  501: 'unimplemented',
  503: 'unavailable',
};

/** What the server library says about a request, in our words, by its stable code. */
const FASTIFY_WORDS: Readonly<Record<string, FieldError>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { field: 'content-type', reason: 'must be application/json' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    field: 'content-length',
    reason: 'differs from the length of the body',
  },
  FST_ERR_CTP_INVALID_JSON_BODY: { field: 'body', reason: 'is not valid JSON' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { field: 'body', reason: 'is empty' },
  FST_ERR_BAD_URL: { field: 'path', reason: 'is not a valid URL path' },
  FST_ERR_MAX_PARAM_LENGTH: { field: 'path', reason: 'has a part that is too long' },
};

/** How often at most a caller should come back while something is down or he was too quick. */
const DEFAULT_RETRY_SECONDS = 1;

/** Reads any thrown value as a problem: our own errors, a schema's, the frameworks', and everything unforeseen. */
export function toProblem(error: unknown): Problem {
  if (error instanceof DomainError) return fromDomain(error);
  if (error instanceof z.core.$ZodError) return invalidFields(fieldErrorsOf(error));
  if (error instanceof HttpException) return fromStatus(error.getStatus(), error.message);
  if (isServerLibraryError(error)) return fromServerLibrary(error);
  return FAULT;
}

const FAULT: Problem = {
  code: 'internal',
  detail: 'Something failed on our side; the correlation id names it in our logs',
  fields: [],
  retryAfterSeconds: null,
  isFault: true,
};

function fromDomain(error: DomainError): Problem {
  const { code, message, fields, retryAfterSeconds } = error;
  if (code === 'internal') return FAULT;
  const mayRetry = code === 'unavailable' || code === 'rate-limited';
  return {
    code,
    detail: message,
    fields,
    retryAfterSeconds: mayRetry ? Math.max(1, Math.ceil(retryAfterSeconds ?? DEFAULT_RETRY_SECONDS)) : null,
    isFault: false,
  };
}

function invalidFields(fields: readonly FieldError[]): Problem {
  const first = fields[0];
  const more = fields.length > 1 ? ` (and ${fields.length - 1} more)` : '';
  const detail = first === undefined ? 'The request is not valid' : `${first.field}: ${first.reason}${more}`;
  return { code: 'invalid-argument', detail, fields, retryAfterSeconds: null, isFault: false };
}

/** A status chosen by a framework: its words are kept only where the request is to blame. */
function fromStatus(status: number, message: string): Problem {
  const code = HTTP_TO_CODE[status] ?? (status >= 500 ? 'internal' : 'invalid-argument');
  if (code === 'internal') return FAULT;
  if (code === 'not-found') return fromDomain(new DomainError(code, 'There is no such door'));
  return fromDomain(new DomainError(code, status >= 500 ? ERRORS[code].title : message));
}

interface ServerLibraryError extends Error {
  readonly code?: unknown;
  readonly statusCode: number;
  /** What a compiled schema found, where the route has one. */
  readonly validation?: readonly {
    instancePath: string;
    message?: string;
    params?: Record<string, unknown>;
  }[];
}

function isServerLibraryError(error: unknown): error is ServerLibraryError {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
}

function fromServerLibrary(error: ServerLibraryError): Problem {
  if (error.validation !== undefined) return invalidFields(error.validation.map(schemaField));
  const words = typeof error.code === 'string' ? FASTIFY_WORDS[error.code] : undefined;
  if (words !== undefined) return invalidFields([words]);
  if (error.statusCode === 413) {
    return fromDomain(new DomainError('payload-too-large', 'The body is larger than this server takes'));
  }
  return fromStatus(error.statusCode, error.message);
}

/** `/events/3/quantity` as `events[3].quantity`, with the name of the field a schema does not know. */
function schemaField({
  instancePath,
  message,
  params,
}: NonNullable<ServerLibraryError['validation']>[number]): FieldError {
  const unknownField = params?.['additionalProperty'];
  const path = typeof unknownField === 'string' ? `${instancePath}/${unknownField}` : instancePath;
  const field = path
    .slice(1)
    .replace(/\/(\d+)(?=\/|$)/g, '[$1]')
    .replace(/\//g, '.');
  const reason = typeof unknownField === 'string' ? 'is not a known field' : (message ?? 'is not valid');
  return { field: field === '' ? 'body' : field, reason };
}
