/**
 * Every failure a door can answer with, once: the code, its title (RFC 9457), its HTTP status and its gRPC status.
 * A refusal the caller should expect (a limit, a duplicate) is an answer, not one of these.
 */

/** The numbers of google.rpc.Code that we use; written out because core imports no gRPC library. */
export const GrpcStatus = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

export type ErrorCode =
  | 'invalid-argument'
  | 'payload-too-large'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'failed-precondition'
  | 'limit-refused'
  | 'rate-limited'
  | 'unimplemented'
  | 'unavailable'
  | 'cancelled'
  | 'deadline-exceeded'
  | 'internal';

interface ErrorRow {
  readonly title: string;
  readonly http: number;
  readonly grpc: number;
}

export const ERRORS = {
  'invalid-argument': { title: 'Invalid argument', http: 400, grpc: GrpcStatus.INVALID_ARGUMENT },
  'payload-too-large': { title: 'Payload too large', http: 413, grpc: GrpcStatus.RESOURCE_EXHAUSTED },
  unauthenticated: { title: 'Not authenticated', http: 401, grpc: GrpcStatus.UNAUTHENTICATED },
  forbidden: { title: 'Not permitted', http: 403, grpc: GrpcStatus.PERMISSION_DENIED },
  'not-found': { title: 'Not found', http: 404, grpc: GrpcStatus.NOT_FOUND },
  conflict: { title: 'Conflict', http: 409, grpc: GrpcStatus.ALREADY_EXISTS },
  'failed-precondition': { title: 'Not in the right state', http: 409, grpc: GrpcStatus.FAILED_PRECONDITION },
  'limit-refused': { title: 'Limit reached', http: 402, grpc: GrpcStatus.RESOURCE_EXHAUSTED },
  'rate-limited': { title: 'Too many requests', http: 429, grpc: GrpcStatus.RESOURCE_EXHAUSTED },
  unimplemented: { title: 'Not implemented', http: 501, grpc: GrpcStatus.UNIMPLEMENTED },
  unavailable: { title: 'Unavailable', http: 503, grpc: GrpcStatus.UNAVAILABLE },
  cancelled: { title: 'Cancelled by the caller', http: 499, grpc: GrpcStatus.CANCELLED },
  'deadline-exceeded': { title: 'Deadline exceeded', http: 504, grpc: GrpcStatus.DEADLINE_EXCEEDED },
  internal: { title: 'Internal error', http: 500, grpc: GrpcStatus.INTERNAL },
} as const satisfies Record<ErrorCode, ErrorRow>;

/** One wrong field: `field` is a path such as `events[3].quantity`, `reason` a sentence a caller can act on. */
export interface FieldError {
  readonly field: string;
  readonly reason: string;
}

/** The only error type that may leave a service on purpose; anything else is answered as `internal`. */
export class DomainError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly fields: readonly FieldError[] = [],
    /** Seconds after which a retry makes sense; written as Retry-After on `unavailable` and `rate-limited`. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
    this.name = 'DomainError';
  }
}

/** A single field with a single reason: the most frequent failure of pure code. */
export function invalid(field: string, reason: string): DomainError {
  return new DomainError('invalid-argument', `${field}: ${reason}`, [{ field, reason }]);
}
