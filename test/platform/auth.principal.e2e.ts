import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import { ApiKeyService } from '../../src/platform/auth/api-key.service';
import { ADMIN } from '../../src/platform/auth/principal';
import type { Scope } from '../../src/platform/auth/scope';
import { withClient } from '../support/postgres';
import {
  ADMIN_KEY,
  ECHO_PACKAGE,
  INTERNAL_KEY,
  openWorld,
  rest,
  rpc,
  type Json,
  type World,
} from './door-world';
import { GrpcDoors, RestDoors } from './doors-controllers';

let world: World;

/** Raw routes: one beside Nest, one in front of it. */
function routes(server: FastifyInstance): void {
  const handler = (request: { principal: { kind: string } | null }) => ({ kind: request.principal?.kind });
  server.get('/raw/beside/:id', { config: { scope: 'usage:read' } }, async (request) => handler(request));
  server.hot.post('/raw/front', { config: { scope: 'events:write', internalKey: true } }, async (request) =>
    handler(request),
  );
}

beforeAll(async () => {
  world = await openWorld({ controllers: [RestDoors, GrpcDoors], routes });
});
afterAll(() => world?.close());

async function keyWith(scopes: Scope[], accounts: string[] = ['*']): Promise<{ id: string; key: string }> {
  const body = { name: scopes.join(' '), scopes, accounts };
  return (await rest(world, ['POST', '/api/v1/api-keys'], { body })).body;
}

const who = (options: Parameters<typeof rest>[2]) => rest(world, ['GET', '/test/who'], options);

describe('who calls', () => {
  it('is the holder of an API key, with his accounts', async () => {
    const { id, key } = await keyWith(['usage:read'], ['org:acme']);
    const expected = { id, kind: 'api-key', accounts: ['org:acme'] };
    expect((await who({ key })).body).toEqual(expected);
    expect((await who({ key: null, headers: { 'x-api-key': key } })).body).toEqual(expected);
  });

  it('is the admin with the bootstrap key', async () => {
    expect((await who({})).body).toEqual({ id: 'admin', kind: 'admin', accounts: '*' });
  });

  it('is the same on raw routes, beside Nest and in front of it', async () => {
    const { key } = await keyWith(['usage:read', 'events:write']);
    expect((await rest(world, ['GET', '/raw/beside/1'], { key })).body).toEqual({ kind: 'api-key' });
    expect((await rest(world, ['POST', '/raw/front?a=1'], { key, body: {} })).body).toEqual({
      kind: 'api-key',
    });
  });

  it('is the same over gRPC', async () => {
    const { key } = await keyWith(['usage:read']);
    expect((await rpc(world.grpcUrl, 'Echo', { metadata: { 'x-api-key': key } })).text).toBe(
      'hi from api-key',
    );
    expect((await rpc(world.grpcUrl, 'Echo', { metadata: { authorization: `Bearer ${key}` } })).text).toBe(
      'hi from api-key',
    );
    expect((await rpc(world.grpcUrl, 'Echo')).text).toBe('hi from admin');
  });
});

describe('nobody gets in', () => {
  const wrong: [string, Record<string, string>][] = [
    ['without a credential', {}],
    ['with an empty one', { 'x-api-key': '', authorization: '' }],
    ['with a well-formed unknown key', { 'x-api-key': `th_${'a'.repeat(10)}_${'b'.repeat(32)}` }],
    ['with the admin key and one character more', { 'x-api-key': `${ADMIN_KEY}x` }],
    ['with a wrong key beside a right bearer', { 'x-api-key': 'x', authorization: `Bearer ${ADMIN_KEY}` }],
    ['with a bare key in authorization', { authorization: ADMIN_KEY }],
    [
      'with the admin key as a password',
      { authorization: `Basic ${Buffer.from(ADMIN_KEY).toString('base64')}` },
    ],
    ['with the internal key on a door not made for it', { 'x-api-key': INTERNAL_KEY }],
  ];

  it.each(wrong)('%s', async (_case, headers) => {
    const answers = [
      await rest(world, ['GET', '/test/who'], { key: null, headers }),
      await rest(world, ['GET', '/raw/beside/1'], { key: null, headers }),
    ];
    expect(
      answers.map(({ status, headers: sent, body }) => [status, sent.get('www-authenticate'), body.code]),
    ).toEqual([
      [401, 'Bearer', 'unauthenticated'],
      [401, 'Bearer', 'unauthenticated'],
    ]);
  });

  it('with a key of another scope', async () => {
    const { key } = await keyWith(['prices:read']);
    const answers = [
      await who({ key }),
      await rest(world, ['GET', '/raw/beside/1'], { key }),
      await rest(world, ['POST', '/raw/front'], { key, body: {} }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(answers[0]!.body.detail).toBe('The scope usage:read is needed');
    expect((await rpc(world.grpcUrl, 'Echo', { metadata: { 'x-api-key': key } })).code).toBe(7);
  });

  it('over gRPC, whichever way the call streams', async () => {
    expect(await rpc(world.grpcUrl, 'Echo', { metadata: {} })).toMatchObject({
      code: 16,
      details: 'A credential is needed',
    });
    expect(await streamCode({})).toBe(16);
    expect(await streamCode({ 'x-api-key': (await keyWith(['usage:read'])).key })).toBe(7);
    expect(await streamCode({ 'x-api-key': ADMIN_KEY })).toBe(0);
  });

  it('and learns so before his body is read', async () => {
    const options = { key: null, body: '{"not json', headers: { 'content-type': 'text/nonsense' } };
    const answers = [
      await rest(world, ['POST', '/test/parse'], options),
      await rest(world, ['POST', '/raw/front'], options),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  });
});

function streamCode(metadata: Record<string, string>): Promise<number> {
  const definition = (ECHO_PACKAGE['echo.v1.EchoService'] as Record<string, Json>)['Stream'];
  const client = new Client(world.grpcUrl, credentials.createInsecure());
  const sent = new Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  return new Promise((resolve) => {
    const { path, requestSerialize, responseDeserialize } = definition;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, sent);
    call.on('data', () => undefined);
    call.on('error', () => undefined);
    call.on('status', ({ code }) => {
      client.close();
      resolve(code);
    });
    call.write({ text: 'hi' });
    call.write({ text: 'stop' });
  });
}

describe("the platform's internal key", () => {
  const internal = (headers: Record<string, string>) =>
    rest(world, ['POST', '/test/internal'], { key: null, headers, body: {} });

  it('opens the doors that declare it, in any of the three ways', async () => {
    const ways: Record<string, string>[] = [
      { 'x-api-key': INTERNAL_KEY },
      { authorization: `Bearer ${INTERNAL_KEY}` },
      { authorization: INTERNAL_KEY },
    ];
    const answers = await Promise.all(ways.map(internal));
    expect(answers.map(({ status, body }) => [status, body.kind])).toEqual([
      [201, 'internal'],
      [201, 'internal'],
      [201, 'internal'],
    ]);
    const raw = await rest(world, ['POST', '/raw/front'], { key: INTERNAL_KEY, body: {} });
    expect(raw.body).toEqual({ kind: 'internal' });
  });

  it('is not rescued by authorization when x-api-key is wrong', async () => {
    expect((await internal({ 'x-api-key': 'wrong', authorization: `Bearer ${INTERNAL_KEY}` })).status).toBe(
      401,
    );
  });

  it('gives no other scope where it is let in', async () => {
    expect((await rpc(world.grpcUrl, 'Echo', { metadata: { 'x-api-key': INTERNAL_KEY } })).code).toBe(7);
  });
});

describe('a revocation', () => {
  it('bites in less than five seconds on a node that had just seen the key', async () => {
    const other = await openWorld({ controllers: [RestDoors], database: world.database });
    try {
      const { id, key } = await keyWith(['usage:read']);
      const ask = async (node: World): Promise<number> =>
        (await rest(node, ['GET', '/test/who'], { key })).status;
      expect([await ask(world), await ask(other)]).toEqual([200, 200]);
      await rest(world, ['DELETE', `/api/v1/api-keys/${id}`]);
      const revokedAt = performance.now();
      expect([await ask(world), await ask(other)]).toEqual([401, 200]);
      while ((await ask(other)) === 200) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(performance.now() - revokedAt).toBeLessThan(5_000);
    } finally {
      await other.close();
    }
  });
});

describe('guessing', () => {
  it('is stopped after twenty tries, without a look into the database, while a known key goes on', async () => {
    const { key } = await keyWith(['usage:read']);
    const lonely = await openWorld({ controllers: [RestDoors], database: world.database });
    try {
      expect((await rest(lonely, ['GET', '/test/who'], { key })).status).toBe(200);
      const guess = (n: number) =>
        rest(lonely, ['GET', '/test/who'], {
          key: `th_${'abcdefghij'}_${String(n).padStart(32, '2').replace(/[01]/g, '2')}`,
        });
      const statuses: number[] = [];
      for (let n = 0; n < 40; n++) statuses.push((await guess(n)).status);
      expect(statuses.slice(0, 20)).toEqual(new Array(20).fill(401));
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(15);
      const refused = await guess(41);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
      expect((await rest(lonely, ['GET', '/test/who'], { key })).status).toBe(200);
    } finally {
      await lonely.close();
    }
  });

  it('is not told by the time of the answer which prefixes exist', async () => {
    const keys = world.app.get(ApiKeyService);
    const { key } = await keys.create(ADMIN, {
      name: 'timed',
      role: 'reader',
      scopes: [],
      accounts: ['*'],
      expiresAt: null,
    });
    const known = `${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`;
    const unknown = `th_${'z'.repeat(10)}${known.slice(13)}`;
    const times: Record<string, number[]> = { [known]: [], [unknown]: [] };
    for (let n = 0; n < 1_600; n++) {
      const candidate = n % 2 === 0 ? known : unknown;
      const startedAt = performance.now();
      expect(await keys.prove(candidate)).toBeNull();
      times[candidate]!.push(performance.now() - startedAt);
    }
    const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length / 2]!;
    const ratio = median(times[known]!) / median(times[unknown]!);
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.4);
  });
});

describe('use of a key', () => {
  it('is noted on the way out, at most once a minute', async () => {
    const short = await openWorld({ controllers: [RestDoors], database: world.database });
    const { id, key } = await keyWith(['usage:read']);
    expect((await rest(short, ['GET', '/test/who'], { key })).status).toBe(200);
    const lastUsed = () =>
      withClient(world.database.url, async (client) => {
        const { rows } = await client.query('select last_used_at from api_key where id = $1', [id]);
        return rows[0].last_used_at as Date | null;
      });
    expect(await lastUsed()).toBeNull();
    await short.close();
    const first = await lastUsed();
    expect(first).toBeInstanceOf(Date);
    const again = await openWorld({ controllers: [RestDoors], database: world.database });
    expect((await rest(again, ['GET', '/test/who'], { key })).status).toBe(200);
    await again.close();
    expect(await lastUsed()).toEqual(first);
  });
});

describe('GRPC_AUTH=network', () => {
  it('trusts a caller without credentials, and still judges one who shows some', async () => {
    const trusting = await openWorld({
      controllers: [GrpcDoors],
      database: world.database,
      config: { grpcAuth: 'network' },
    });
    try {
      expect(await rpc(trusting.grpcUrl, 'Echo', { metadata: {} })).toMatchObject({
        code: 0,
        text: 'hi from network',
      });
      expect((await rpc(trusting.grpcUrl, 'Echo', { metadata: { 'x-api-key': 'wrong' } })).code).toBe(16);
      expect((await rest(trusting, ['GET', '/api/v1/api-keys'], { key: null })).status).toBe(401);
    } finally {
      await trusting.close();
    }
  });
});

describe('the database gone', () => {
  it('lets in whom it saw a moment ago, and answers 503 to a key it must look up', async () => {
    const { key } = await keyWith(['usage:read']);
    const unknown = (await keyWith(['usage:read'])).key;
    const cut = await openWorld({ controllers: [RestDoors], database: world.database });
    try {
      expect((await rest(cut, ['GET', '/test/who'], { key })).status).toBe(200);
      const keys = cut.app.get(ApiKeyService);
      jest
        .spyOn(keys, 'prove')
        .mockRejectedValue(
          new (await import('../../src/core/errors')).DomainError('unavailable', 'gone', [], 1),
        );
      expect((await rest(cut, ['GET', '/test/who'], { key })).status).toBe(200);
      const answer = await rest(cut, ['GET', '/test/who'], { key: unknown });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    } finally {
      await cut.close();
    }
  });
});
