import helmet from '@fastify/helmet';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { correlationId } from './correlation';
import { refuseUndeclared, restDoors } from './door-list';
import { HttpDoors } from './http-doors';
import { jsonText } from './json-body';

declare module 'fastify' {
  interface FastifyInstance {
    httpDoors: HttpDoors;
    /** Routes answered in front of Nest, by the same process and the same rules, at the price of a bare server. */
    hot: FastifyInstance;
  }
}

export const MAX_HEADER_BYTES = 16 * 1024;
/** The longest account key, every byte of it percent-encoded. */
export const MAX_PARAM_LENGTH = 720;
const REQUEST_TIMEOUT_MS = 30_000;

/** What a client may take of our time and memory before he has said what he wants. */
const SERVER_LIMITS: ServerOptions = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: 15_000,
  requestTimeout: REQUEST_TIMEOUT_MS,
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 5_000,
};
const MAX_CONNECTIONS = 10_000;
const JSON_TYPES = ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'];

/**
 * The HTTP server of the service: one listening socket, a Fastify instance for Nest's adapter (create Nest with
 * `bodyParser: false`) and beside it `hot`, whose few static routes never pass through Nest's hooks.
 */
export function createHttpServer({ bodyLimit }: { bodyLimit: number }): FastifyInstance {
  const doors = new HttpDoors();
  const hot = fastify({ ...commonOptions(doors, bodyLimit) });
  doors.equipHot(hot);
  readJson(hot);
  const hotPaths = new Set<string>();
  hot.addHook('onRoute', ({ method, url }) => addHotPath(hotPaths, method, url));
  const app = fastify({
    ...commonOptions(doors, bodyLimit),
    serverFactory: (next) => serve(hot, hotPaths, next),
  });
  doors.equip(app);
  readJson(app);
  app.decorate('httpDoors', doors);
  app.decorate('hot', hot);
  app.register(helmet, { global: false, strictTransportSecurity: false, contentSecurityPolicy: PAGE_POLICY });
  app.addHook('onReady', async () => {
    refuseUndeclared(restDoors(doors.routes));
    await hot.ready();
  });
  app.addHook('preClose', async () => void (await hot.close()));
  return app;
}

/** Our pages load nothing from elsewhere; over plain http a browser must not be told to want https. */
const PAGE_POLICY = {
  directives: { imgSrc: ["'self'", 'data:'], upgradeInsecureRequests: null },
};

function commonOptions(doors: HttpDoors, bodyLimit: number) {
  return {
    bodyLimit,
    logger: false,
    // A draining server answers what still reaches it; its database outlives its last request.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    requestIdHeader: false as const,
    genReqId: (request: { headers: IncomingMessage['headers'] }) =>
      correlationId(request.headers['x-request-id']),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      doors.rules.fail(error, request, reply),
    clientErrorHandler: refuseConnection,
  };
}

/** Takes JSON and nothing else, through our checks and then the library's parser, which refuses to poison a prototype. */
function readJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(JSON_TYPES, { parseAs: 'buffer' }, (request, body, done) => {
    let text: string;
    try {
      text = jsonText(body as Buffer);
    } catch (error) {
      done(error as Error);
      return;
    }
    if (text === '') done(null, undefined);
    else void parse.call(server, request, text, done);
  });
}

function addHotPath(paths: Set<string>, method: string | string[], url: string): void {
  if (/[:*]/.test(url)) throw new Error(`a route in front of Nest has no parameters: ${url}`);
  for (const one of [method].flat()) paths.add(`${one} ${url}`);
}

/** Looks at method and path only; whatever is not written exactly like a hot route goes the ordinary way. */
function serve(
  hot: FastifyInstance,
  hotPaths: ReadonlySet<string>,
  next: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server = createServer(SERVER_LIMITS, (request, response) => {
    const url = request.url ?? '';
    const query = url.indexOf('?');
    const path = query < 0 ? url : url.slice(0, query);
    if (hotPaths.has(`${request.method} ${path}`)) hot.routing(request, response);
    else next(request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

const CONNECTION_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Bytes that never became a request get the shortest answer there is, and the connection is closed. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = CONNECTION_ERRORS[error.code ?? ''] ?? '400 Bad Request';
  const [code, ...title] = status.split(' ');
  const body = JSON.stringify({
    type: 'about:blank',
    title: title.join(' '),
    status: parseInt(code!, 10),
    code: 'invalid-argument',
    correlation_id: correlationId(undefined),
  });
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  if (socket.writable) socket.write(`${head}\r\nconnection: close\r\n\r\n${body}`);
  socket.destroySoon();
}
