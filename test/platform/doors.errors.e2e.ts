import type { FastifyInstance } from 'fastify';
import { connect } from 'node:net';
import { Logger } from '../../src/platform/logger';
import { openWorld, rest, rpc, type World } from './door-world';
import { failAs, GrpcDoors, RestDoors } from './doors-controllers';

let world: World;
const lines: string[] = [];

function routes(server: FastifyInstance): void {
  const fail = (request: { body: unknown }): never => failAs((request.body as { as: string }).as);
  const waybill = {
    errorShape: 'waybill',
    internalText: 'failed to record event',
    internalKey: true,
  } as const;
  server.post('/raw/fail', { config: { scope: 'events:write' } }, fail);
  server.hot.post('/hot/fail', { config: { scope: 'events:write' } }, async (request) => fail(request));
  server.hot.post('/hot/waybill', { config: { scope: 'events:write', ...waybill } }, fail);
  server.hot.post('/hot/parse', { config: { scope: 'events:write' } }, async ({ body }) => ({
    parsed: body,
  }));
}

beforeAll(async () => {
  world = await openWorld({ controllers: [RestDoors, GrpcDoors], routes, config: { logLevel: 'warn' } });
  const logger = world.app.get(Logger);
  for (const level of ['warn', 'error'] as const) {
    jest.spyOn(logger, level).mockImplementation((fields, message) => {
      lines.push(JSON.stringify({ level, message, ...fields, err: String(fields.err) }));
    });
  }
});
afterAll(() => world?.close());
beforeEach(() => lines.splice(0));

const DOORS = ['/test/fail', '/raw/fail', '/hot/fail'];

describe('the same failure on every door', () => {
  it.each([
    ['conflict', 409, 6, { detail: 'Differs', errors: [{ field: 'quantity', reason: 'was 3' }] }],
    ['unavailable', 503, 14, { detail: 'The database cannot be reached' }],
    ['rate-limited', 429, 8, { detail: 'Too many requests' }],
    ['bug', 500, 13, {}],
    ['text', 500, 13, {}],
  ])('%s', async (word, status, grpcCode, more) => {
    for (const door of DOORS) {
      const answer = await rest(world, ['POST', door], {
        body: { as: word },
        headers: { 'x-request-id': 'mine-1' },
      });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(answer.headers.get('x-request-id')).toBe('mine-1');
      expect(answer.body).toMatchObject({ status, correlation_id: 'mine-1', ...more });
    }
    const call = await rpc(world.grpcUrl, 'Fail', { text: word });
    expect(call.code).toBe(grpcCode);
    expect(call.metadata.get('x-request-id')).toHaveLength(1);
  });

  it('lists every wrong field', async () => {
    for (const door of DOORS) {
      const { status, body } = await rest(world, ['POST', door], { body: { as: 'fields' } });
      expect([status, body.errors.map((error: { field: string }) => error.field)]).toEqual([
        400,
        ['events[0].id', 'events[0].quantity', 'events[1].own', 'more'],
      ]);
    }
    expect((await rpc(world.grpcUrl, 'Fail', { text: 'fields' })).details).toContain(
      'events[1].own: is not a known field',
    );
  });

  it('says when to come back', async () => {
    for (const door of [...DOORS, '/hot/waybill', '/test/waybill']) {
      const down = await rest(world, ['POST', door], { body: { as: 'unavailable' } });
      const quick = await rest(world, ['POST', door], { body: { as: 'rate-limited' } });
      expect([down.headers.get('retry-after'), quick.headers.get('retry-after')]).toEqual(['1', '7']);
    }
    expect((await rpc(world.grpcUrl, 'Fail', { text: 'rate-limited' })).metadata.get('retry-after')).toEqual([
      '7',
    ]);
  });

  it("keeps Waybill's words on its doors", async () => {
    for (const door of ['/hot/waybill', '/test/waybill']) {
      const bug = await rest(world, ['POST', door], { body: { as: 'bug' } });
      expect([bug.status, bug.body]).toEqual([500, { error: 'failed to record event' }]);
      const stranger = await rest(world, ['POST', door], { key: 'wrong', body: { as: 'bug' } });
      expect([stranger.status, stranger.body]).toEqual([401, { error: 'unauthorized' }]);
      const garbage = await rest(world, ['POST', door], { body: '{' });
      expect([garbage.status, garbage.body]).toEqual([400, { error: 'body: is not valid JSON' }]);
    }
  });
});

describe('a fault of ours', () => {
  it('is told by its id alone, and found by it in the log', async () => {
    for (const door of DOORS) {
      const { body } = await rest(world, ['POST', door], { body: { as: 'bug' } });
      expect(JSON.stringify(body)).not.toMatch(/undefined|TypeError|secret| at /);
      expect(lines.filter((line) => line.includes(body.correlation_id))).toEqual([
        expect.stringContaining('Cannot read properties of undefined'),
      ]);
    }
    const call = await rpc(world.grpcUrl, 'Fail', { text: 'bug' });
    expect(call.details).toBe('Something failed on our side; the correlation id names it in our logs');
    const [id] = call.metadata.get('x-request-id');
    expect(lines.filter((line) => line.includes(String(id)))).toHaveLength(1);
  });

  it('is logged, and a mistake of the caller is not', async () => {
    await rest(world, ['POST', '/test/fail'], { body: { as: 'conflict' } });
    await rest(world, ['GET', '/nowhere']);
    expect(lines).toEqual([]);
  });
});

describe('what never reaches a controller', () => {
  it('is a 404 in the same words, whether or not somebody has a key', async () => {
    for (const key of [null, 'wrong', undefined]) {
      const { status, body } = await rest(world, ['GET', '/nowhere/at/all'], { key });
      expect([status, body.code, body.detail]).toEqual([404, 'not-found', 'There is no such door']);
    }
  });

  const JSON_TYPE = 'application/json';
  const bodies: [string, { type: string; body: string; answer: [number, string?] }][] = [
    ['another media type', { type: 'text/plain', body: 'hi', answer: [400, 'content-type'] }],
    ['a form', { type: 'application/x-www-form-urlencoded', body: 'a=1', answer: [400, 'content-type'] }],
    ['no JSON', { type: JSON_TYPE, body: '{"a":', answer: [400, 'body'] }],
    ['a prototype', { type: JSON_TYPE, body: '{"a":{"__proto__":{"b":1}}}', answer: [400, 'body'] }],
    [
      'a prototype by escapes',
      { type: JSON_TYPE, body: '{"\\u005f_proto__":{"b":1}}', answer: [400, 'body'] },
    ],
    ['a constructor', { type: JSON_TYPE, body: '{"constructor":{"prototype":{}}}', answer: [400, 'body'] }],
    ['depth 1,000', { type: JSON_TYPE, body: '['.repeat(1_000) + ']'.repeat(1_000), answer: [400, 'body'] }],
    ['a megabyte and a byte', { type: JSON_TYPE, body: `"${'a'.repeat(2 ** 20 - 1)}"`, answer: [413] }],
  ];

  it.each(bodies)('refuses %s', async (_case, { type, body, answer: [status, field] }) => {
    for (const door of ['/test/parse', '/hot/parse']) {
      const answer = await rest(world, ['POST', door], { headers: { 'content-type': type }, body });
      expect([answer.status, answer.body.errors?.[0].field]).toEqual([status, field]);
    }
  });

  it('refuses bytes that are not UTF-8', async () => {
    for (const door of ['/test/parse', '/hot/parse']) {
      const answer = await raw(
        `POST ${door} HTTP/1.1\r\nhost: x\r\nx-api-key: Mv3-first-opener-of-doors-0001\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n"`,
        Buffer.from([0xc3, 0x28, 0x22]),
      );
      expect(answer).toContain('body: is not valid UTF-8');
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
    }
  });

  it('takes the largest body there may be, no body, and CloudEvents', async () => {
    const largest = `"${'a'.repeat(2 ** 20 - 2)}"`;
    for (const door of ['/test/parse', '/hot/parse']) {
      expect((await rest(world, ['POST', door], { body: largest })).body.parsed).toHaveLength(2 ** 20 - 2);
      const headers = { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' };
      expect((await rest(world, ['POST', door], { headers, body: '[1]' })).body).toEqual({ parsed: [1] });
      expect(
        (await rest(world, ['POST', door], { headers: { 'content-type': 'application/json' } })).status,
      ).toBeLessThan(300);
    }
  });

  it('refuses paths that are no paths', async () => {
    expect((await rest(world, ['GET', '/%ff'])).status).toBe(400);
    expect((await rest(world, ['DELETE', `/api/v1/api-keys/${'a'.repeat(721)}`])).status).toBe(400);
    expect((await rest(world, ['DELETE', `/api/v1/api-keys/${'a'.repeat(720)}`])).body.errors[0].field).toBe(
      'id',
    );
  });
});

describe('what is no request', () => {
  it.each([
    ['garbage', 'GARBAGE\r\n\r\n', 400],
    ['headers without end', `GET / HTTP/1.1\r\nx: ${'a'.repeat(17 * 1024)}\r\n\r\n`, 431],
    [
      'two lengths',
      'POST /test/parse HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      400,
    ],
    [
      'a length and chunks',
      'POST /test/parse HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
  ])('%s', async (_case, bytes, status) => {
    const answer = await raw(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('application/problem+json');
  });

  it('a header cannot be smuggled through a correlation id', async () => {
    const answer = await raw(
      'GET /live HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: a b"c\r\n\r\n',
    );
    expect(answer).toMatch(/x-request-id: [0-9a-f]{12}-/);
  });
});

/** Sends bytes and reads until the server closes. */
function raw(text: string, ...more: Buffer[]): Promise<string> {
  const port = Number(new URL(world.rest).port);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(Buffer.concat([Buffer.from(text), ...more]));
    });
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
    socket.setTimeout(5_000, () => reject(new Error(`still open after ${JSON.stringify(answer)}`)));
  });
}
