import { DomainError, ERRORS, GrpcStatus, invalid, type ErrorCode } from '../../src/core/errors';

describe('the table of errors', () => {
  const table: [ErrorCode, number, number][] = [
    ['invalid-argument', 400, GrpcStatus.INVALID_ARGUMENT],
    ['payload-too-large', 413, GrpcStatus.RESOURCE_EXHAUSTED],
    ['unauthenticated', 401, GrpcStatus.UNAUTHENTICATED],
    ['forbidden', 403, GrpcStatus.PERMISSION_DENIED],
    ['not-found', 404, GrpcStatus.NOT_FOUND],
    ['conflict', 409, GrpcStatus.ALREADY_EXISTS],
    ['failed-precondition', 409, GrpcStatus.FAILED_PRECONDITION],
    ['limit-refused', 402, GrpcStatus.RESOURCE_EXHAUSTED],
    ['rate-limited', 429, GrpcStatus.RESOURCE_EXHAUSTED],
    ['unimplemented', 501, GrpcStatus.UNIMPLEMENTED],
    ['unavailable', 503, GrpcStatus.UNAVAILABLE],
    ['cancelled', 499, GrpcStatus.CANCELLED],
    ['deadline-exceeded', 504, GrpcStatus.DEADLINE_EXCEEDED],
    ['internal', 500, GrpcStatus.INTERNAL],
  ];

  it.each(table)('answers %s as HTTP %d and gRPC %d', (code, http, grpc) => {
    expect(ERRORS[code]).toMatchObject({ http, grpc });
  });

  it('has a row for each code and a title of its own for each row', () => {
    expect(Object.keys(ERRORS).sort()).toEqual(table.map(([code]) => code).sort());
    expect(new Set(Object.values(ERRORS).map((row) => row.title)).size).toBe(table.length);
  });
});

describe('a domain error', () => {
  it('names one field and its reason', () => {
    const error = invalid('events[3].quantity', 'must be a decimal');
    expect(error).toBeInstanceOf(DomainError);
    expect(error).toMatchObject({
      name: 'DomainError',
      code: 'invalid-argument',
      message: 'events[3].quantity: must be a decimal',
      fields: [{ field: 'events[3].quantity', reason: 'must be a decimal' }],
      retryAfterSeconds: undefined,
    });
  });

  it('says when to come back', () => {
    expect(new DomainError('unavailable', 'the queue is full', [], 1).retryAfterSeconds).toBe(1);
  });
});
