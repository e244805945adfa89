import { BadRequestException, ServiceUnavailableException, UnauthorizedException } from '@nestjs/common';
import protobuf from 'protobufjs';
import { z } from 'zod';
import { DomainError, ERRORS, invalid, type ErrorCode } from '../../src/core/errors';
import { correlationId } from '../../src/platform/doors/correlation';
import { errorAnswer } from '../../src/platform/doors/error-answer';
import { grpcFailure } from '../../src/platform/doors/grpc-status';
import { jsonText, MAX_JSON_DEPTH } from '../../src/platform/doors/json-body';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../../src/platform/doors/pagination';
import { toProblem } from '../../src/platform/doors/problem';
import type { Json } from './door-world';

describe('a failure in the words of Scorpius', () => {
  const worded = (error: unknown, internalText?: string) => {
    const wording = { shape: 'scorpius', correlationId: 'c', ...(internalText && { internalText }) } as const;
    const { status, body } = errorAnswer(toProblem(error), wording);
    return [status, (body as { detail: unknown }).detail];
  };

  it.each<[ErrorCode, string, number, string]>([
    ['unauthenticated', 'A credential is needed', 401, 'Not authenticated'],
    ['unauthenticated', 'The credential is not valid', 401, 'Invalid authentication token'],
    ['forbidden', 'The scope limits:write is needed', 403, 'Access denied'],
    ['forbidden', 'Organization ID mismatch', 403, 'Organization ID mismatch'],
    ['not-found', 'No account org:acme', 404, 'Organization not found'],
    ['invalid-argument', 'what has no field', 422, 'what has no field'],
    ['conflict', 'taken', 409, 'taken'],
    ['internal', 'a secret', 500, 'Internal server error'],
  ])('%s (%s): %s %s', (code, why, status, detail) => {
    expect(worded(new DomainError(code, why))).toEqual([status, detail]);
  });

  it('may say something else of our faults', () => {
    expect(worded(new TypeError('x'), 'Metrics generation failed')).toEqual([
      500,
      'Metrics generation failed',
    ]);
  });

  it.each([
    ['quantity', ['body', 'quantity']],
    ['limits.a.b', ['body', 'limits', 'a.b']],
    ['body', ['body']],
    ['path.org_id', ['path', 'org_id']],
    ['idempotency-key', ['header', 'idempotency-key']],
  ])('names the place of a field: %s', (field, loc) => {
    expect(worded(invalid(field, 'is wrong'))).toEqual([
      422,
      [{ loc, msg: 'is wrong', type: 'value_error' }],
    ]);
  });
});

describe('a failure as a problem', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('%s keeps its code', (code) => {
    expect(toProblem(new DomainError(code, 'why'))).toMatchObject({
      code,
      isFault: code === 'internal',
      detail: code === 'internal' ? expect.not.stringContaining('why') : 'why',
    });
  });

  it.each([
    ['unavailable', undefined, 1],
    ['unavailable', 0.2, 1],
    ['rate-limited', 6.1, 7],
    ['conflict', 5, null],
  ] as const)('%s says in whole seconds when to come back: %s is %s', (code, wait, seconds) => {
    expect(toProblem(new DomainError(code, 'x', [], wait)).retryAfterSeconds).toBe(seconds);
  });

  it.each([
    ['a bad request', new BadRequestException('Validation failed (uuid is expected)'), 'invalid-argument'],
    ['no authorisation', new UnauthorizedException(), 'unauthenticated'],
    ['no service', new ServiceUnavailableException('pool of 10.0.0.7 exhausted'), 'unavailable'],
    ['a bug', new TypeError('x is undefined'), 'internal'],
    ['a text', 'a text', 'internal'],
    ['nothing', undefined, 'internal'],
    ['null', null, 'internal'],
  ])('reads what the framework and chance throw: %s', (_case, error, code) => {
    expect(toProblem(error).code).toBe(code);
  });

  it('does not repeat what a framework says about our side', () => {
    expect(toProblem(new ServiceUnavailableException('pool of 10.0.0.7 exhausted')).detail).toBe(
      'Unavailable',
    );
  });

  it("lists a schema's complaints by path", () => {
    const schema = z.strictObject({
      account: z.string(),
      events: z.array(
        z.strictObject({ quantity: z.union([z.string(), z.strictObject({ amount: z.string() })]) }),
      ),
    });
    const { error } = schema.safeParse({
      events: [{ quantity: 'a' }, { quantity: { amount: 1 } }, { q: 1 }],
      b: 1,
    });
    expect(toProblem(error).fields).toEqual([
      { field: 'account', reason: 'Invalid input: expected string, received undefined' },
      { field: 'events[1].quantity.amount', reason: 'Invalid input: expected string, received number' },
      { field: 'events[2].quantity', reason: 'Invalid input' },
      { field: 'events[2].q', reason: 'is not a known field' },
      { field: 'b', reason: 'is not a known field' },
    ]);
  });

  it('is never longer than a hundred complaints', () => {
    const { error } = z.array(z.string()).safeParse(new Array(1_000).fill(1));
    expect(toProblem(error).fields).toHaveLength(100);
  });

  it("reads a compiled schema's complaints the same way", () => {
    const error = Object.assign(new Error('body/events/1/quantity must be string'), {
      statusCode: 400,
      code: 'FST_ERR_VALIDATION',
      validation: [
        { instancePath: '/events/1/quantity', message: 'must be string' },
        { instancePath: '/events/1', message: 'x', params: { additionalProperty: 'own' } },
        { instancePath: '', message: 'must be object' },
      ],
    });
    expect(toProblem(error).fields).toEqual([
      { field: 'events[1].quantity', reason: 'must be string' },
      { field: 'events[1].own', reason: 'is not a known field' },
      { field: 'body', reason: 'must be object' },
    ]);
  });
});

describe("a problem in its door's words", () => {
  it('is RFC 9457 on our doors', () => {
    expect(
      errorAnswer(toProblem(invalid('limit', 'must be small')), { shape: 'problem', correlationId: 'c1' }),
    ).toEqual({
      status: 400,
      contentType: 'application/problem+json; charset=utf-8',
      retryAfter: null,
      body: {
        type: 'about:blank',
        title: 'Invalid argument',
        status: 400,
        code: 'invalid-argument',
        detail: 'limit: must be small',
        errors: [{ field: 'limit', reason: 'must be small' }],
        correlation_id: 'c1',
      },
    });
  });

  it.each([
    ['no key', new DomainError('unauthenticated', 'A credential is needed'), 401, 'unauthorized'],
    ['a wrong field', invalid('quantity', 'must be a number'), 400, 'quantity: must be a number'],
    ['a bug', new Error('secret'), 500, 'failed to record event'],
    ['a full queue', new DomainError('unavailable', 'The queue is full', [], 2), 503, 'The queue is full'],
  ])("is one text on Waybill's: %s", (_case, error, status, text) => {
    const wording = {
      shape: 'waybill',
      correlationId: 'c1',
      internalText: 'failed to record event',
    } as const;
    expect(errorAnswer(toProblem(error), wording)).toMatchObject({ status, body: { error: text } });
  });
});

describe('a problem as a gRPC status', () => {
  const root = protobuf.Root.fromJSON({
    nested: {
      Any: { fields: { type_url: { id: 1, type: 'string' }, value: { id: 2, type: 'bytes' } } },
      Status: {
        fields: {
          code: { id: 1, type: 'int32' },
          message: { id: 2, type: 'string' },
          details: { id: 3, type: 'Any', rule: 'repeated' },
        },
      },
      BadRequest: { fields: { field_violations: { id: 1, type: 'FieldViolation', rule: 'repeated' } } },
      FieldViolation: {
        fields: { field: { id: 1, type: 'string' }, description: { id: 2, type: 'string' } },
      },
      RetryInfo: { fields: { retry_delay: { id: 1, type: 'Duration' } } },
      Duration: { fields: { seconds: { id: 1, type: 'int64' } } },
      RequestInfo: { fields: { request_id: { id: 1, type: 'string' } } },
    },
  });

  function details(error: unknown): { code: number; message: string; details: Record<string, object> } {
    const { metadata } = grpcFailure(toProblem(error), 'c1');
    const bytes = metadata.get('grpc-status-details-bin')[0] as Buffer;
    const status = root.lookupType('Status').decode(bytes) as Json;
    const entries = status.details.map(({ type_url, value }: { type_url: string; value: Buffer }) => {
      const type = type_url.replace('type.googleapis.com/google.rpc.', '');
      return [type, root.lookupType(type).decode(value).toJSON()];
    });
    return { code: status.code, message: status.message, details: Object.fromEntries(entries) };
  }

  it('carries every field, readable by any gRPC library', () => {
    const error = new DomainError('invalid-argument', 'two', [
      { field: 'events[300].id', reason: 'is empty' },
      { field: 'größe', reason: 'fehlt' },
    ]);
    expect(details(error)).toEqual({
      code: 3,
      message: 'events[300].id: is empty; größe: fehlt',
      details: {
        BadRequest: {
          field_violations: [
            { field: 'events[300].id', description: 'is empty' },
            { field: 'größe', description: 'fehlt' },
          ],
        },
        RequestInfo: { request_id: 'c1' },
      },
    });
  });

  it('says when to come back', () => {
    expect(details(new DomainError('unavailable', 'x', [], 300))).toMatchObject({
      code: 14,
      details: { RetryInfo: { retry_delay: { seconds: '300' } } },
    });
    expect(
      grpcFailure(toProblem(new DomainError('unavailable', 'x', [], 3)), 'c').metadata.get('retry-after'),
    ).toEqual(['3']);
  });

  it('fits into what a client accepts as trailers, and into a header line', () => {
    const fields = Array.from({ length: 1_000 }, (_, n) => ({
      field: `events[${n}].id`,
      reason: 'is \ud800\u0000\r\nbroken',
    }));
    const { details: message, metadata } = grpcFailure(
      toProblem(new DomainError('invalid-argument', 'x', fields)),
      'c',
    );
    expect(message.length).toBeLessThanOrEqual(1_000);
    expect(message).toMatch(/^events\[0\]\.id: is \?\?\?\?broken; /);
    expect(() => encodeURI(message)).not.toThrow();
    expect((metadata.get('grpc-status-details-bin')[0] as Buffer).length).toBeLessThan(5_000);
  });
});

describe('a JSON body', () => {
  const read = (text: string | Buffer): unknown => JSON.parse(jsonText(Buffer.from(text as string)));
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

  it('is read as it stands', () => {
    expect(read('{"a":[1,"b\\"}{[",{"c":"\\\\"}],"d":"ü"}')).toEqual({
      a: [1, 'b"}{[', { c: '\\' }],
      d: 'ü',
    });
  });

  it('may be empty', () => {
    expect(jsonText(Buffer.alloc(0))).toBe('');
  });

  it('may be 64 levels deep and no deeper', () => {
    expect(() => read(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(() => read(nested(MAX_JSON_DEPTH + 1))).toThrow('body: is nested deeper than 64 levels');
    expect(() => read(nested(1_000))).toThrow('deeper');
    expect(() => read('{"a":'.repeat(500_000))).toThrow('deeper');
  });

  it('counts brackets outside of strings only', () => {
    const open = '{['.repeat(100);
    expect(read(JSON.stringify({ text: `${open}"\\${open}` }))).toEqual({ text: `${open}"\\${open}` });
    expect(read(JSON.stringify(new Array(1_000).fill([[]])))).toHaveLength(1_000);
  });

  it.each([
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), 'UTF-8'],
    ['half a character', Buffer.from('"ü').subarray(0, 2), 'UTF-8'],
    ['an open string', '{"a":"b\\"', 'JSON'],
    ['brackets that never close', '['.repeat(129), 'JSON'],
    ['brackets that never close, and one more', '['.repeat(130), 'deeper'],
  ])('refuses %s', (_case, body, reason) => {
    expect(() => read(body)).toThrow(reason);
  });
});

describe('a cursor', () => {
  const Position = z.strictObject({ id: z.string(), n: z.int() });

  it('comes back as it went', () => {
    const cursor = encodeCursor('keys', { id: 'ä/+', n: 7 });
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(decodeCursor('keys', Position, cursor)).toEqual({ id: 'ä/+', n: 7 });
  });

  it.each([
    ['of another list', encodeCursor('other', { id: 'a', n: 7 })],
    ['of another shape', encodeCursor('keys', { id: 'a', n: 'x' })],
    ['with more in it', encodeCursor('keys', { id: 'a', n: 7, more: 1 })],
    ['cut off', encodeCursor('keys', { id: 'a', n: 7 }).slice(0, -3)],
    ['too long', encodeCursor('keys', { id: 'a'.repeat(600), n: 7 })],
    ['of nothing', ''],
  ])('is refused when %s', (_case, cursor) => {
    expect(() => decodeCursor('keys', Position, cursor)).toThrow('cursor: is not a cursor of this list');
  });

  it('is only given while there is more', () => {
    expect(pageOf([1, 2, 3], 2, String)).toEqual({ items: [1, 2], next_cursor: '2' });
    expect(pageOf([1, 2], 2, String)).toEqual({ items: [1, 2], next_cursor: null });
    expect(pageOf([], 2, String)).toEqual({ items: [], next_cursor: null });
  });

  it('goes with a limit from 1 to 500, 50 when none is said', () => {
    expect([PageQuery.parse({}), PageQuery.parse({ limit: '1' }), PageQuery.parse({ limit: '500' })]).toEqual(
      [{ limit: 50 }, { limit: 1 }, { limit: 500 }],
    );
  });
});

describe('a correlation id', () => {
  it("is the caller's own when it is safe to repeat", () => {
    const safe = ['a', 'req-1.2:3@x/y+z=', 'A'.repeat(64)];
    expect(safe.map(correlationId)).toEqual(safe);
  });

  it.each(['', 'a b', 'a\r\nset-cookie: x', '"', 'ü', 'A'.repeat(65), undefined, ['a'], Buffer.from('a')])(
    'is our own instead of %j',
    (fromCaller) => {
      expect(correlationId(fromCaller)).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/);
    },
  );

  it('is never given twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => correlationId(undefined))).size).toBe(1_000);
  });
});
