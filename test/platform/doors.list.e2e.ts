import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host';
import type { FastifyInstance } from 'fastify';
import { PrincipalGuard } from '../../src/platform/auth/principal.guard';
import type { PrincipalResolver } from '../../src/platform/auth/principal-resolver';
import { listDoors } from '../../src/platform/doors/door-list';
import { openWorld, rest, type World } from './door-world';
import { ForgottenDoor, ForgottenRpc, GrpcDoors, RestDoors } from './doors-controllers';

/** Who may come in without a key, and nothing else. */
const PUBLIC = [
  'GET /health',
  'GET /live',
  'GET /metrics',
  'GET /ready',
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
];

describe('the doors of a running process', () => {
  let world: World;

  function routes(server: FastifyInstance): void {
    server.route({
      method: ['GET', 'PUT'],
      url: '/raw/:id',
      config: { scope: 'usage:read' },
      handler: async () => ({}),
    });
    server.hot.post('/hot', { config: { scope: 'events:write', internalKey: true } }, async () => ({}));
    server.get('/docs', async (_request, reply) => reply.type('text/html').send('<h1>docs</h1>'));
  }

  beforeAll(async () => {
    world = await openWorld({ controllers: [RestDoors, GrpcDoors], routes });
  });
  afterAll(() => world?.close());

  it('each declare who may come in, controllers, raw routes and rpcs', () => {
    const doors = listDoors(world.app);
    expect(doors.filter(({ rule }) => rule === null)).toEqual([]);
    const asked = Object.fromEntries(doors.map(({ name, rule }) => [name, rule]));
    expect(asked).toMatchObject({
      'POST /api/v1/api-keys': { scope: 'keys:write', internalKey: false },
      'GET /api/v1/api-keys': { scope: 'keys:read' },
      'DELETE /api/v1/api-keys/:id': { scope: 'keys:write' },
      'GET /raw/:id': { scope: 'usage:read' },
      'PUT /raw/:id': { scope: 'usage:read' },
      'POST /hot': { scope: 'events:write', internalKey: true },
      '/echo.v1.EchoService/Echo': { scope: 'usage:read', internalKey: true },
      '/echo.v1.EchoService/Stream': { scope: 'events:write' },
    });
  });

  it('are public only where the list says so', () => {
    const open = listDoors(world.app)
      .filter(({ rule }) => rule?.scope === null)
      .map(({ name }) => name);
    expect(open.sort()).toEqual([...PUBLIC, 'GET /docs', 'GET /test/open'].sort());
  });

  it('answer on a public door without asking who calls', async () => {
    expect((await rest(world, ['GET', '/test/open'], { key: 'wrong' })).body).toEqual({ open: true });
  });

  it('give a page the headers a browser needs, and an answer for programs none of them', async () => {
    const page = await rest(world, ['GET', '/docs'], { key: null });
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect((await rest(world, ['GET', '/live'])).headers.get('content-security-policy')).toBeNull();
  });

  it('name a HEAD as its GET, judged like it', async () => {
    expect((await rest(world, ['HEAD', '/raw/1'], { key: null })).status).toBe(401);
    expect((await rest(world, ['HEAD', '/raw/1'])).status).toBe(200);
  });
});

describe('a door that declares nothing', () => {
  it('stops the start, as a controller', async () => {
    await expect(openWorld({ controllers: [ForgottenDoor] })).rejects.toThrow(
      /who may use: GET \/forgotten$/,
    );
  });

  it('stops the start, as a raw route', async () => {
    const routes = (server: FastifyInstance): void => {
      server.post('/raw', async () => ({}));
      server.hot.get('/hot', async () => ({}));
    };
    await expect(openWorld({ routes })).rejects.toThrow(/who may use: POST \/raw, GET \/hot$/);
  });

  it('stops the start, as an rpc', async () => {
    await expect(openWorld({ controllers: [ForgottenRpc] })).rejects.toThrow(
      /who may use: EchoService\/Forgotten$/,
    );
  });

  it('would let nobody in, had the start not refused it', () => {
    const guard = new PrincipalGuard({} as PrincipalResolver, { grpcAuth: 'network' });
    const context = new ExecutionContextHost([], ForgottenDoor, () => ({ secret: true }));
    expect(() => guard.canActivate(context)).toThrow('This door declares no permission');
  });

  it('in front of Nest has no parameters', async () => {
    const routes = (server: FastifyInstance): void => {
      server.hot.get('/hot/:id', { config: { public: true } }, async () => ({}));
    };
    await expect(openWorld({ routes })).rejects.toThrow(
      'a route in front of Nest has no parameters: /hot/:id',
    );
  });
});
