import 'reflect-metadata';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { randomInt } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { loadConfig, type Config } from '../../src/platform/config';
import { GrpcServer } from '../../src/platform/doors/grpc-server';
import { createHttpServer } from '../../src/platform/doors/http-server';
import { GrpcHealth } from '../../src/platform/health-grpc';
import { DoorMetrics } from '../../src/platform/metrics';
import { PlatformModule } from '../../src/platform/platform.module';
import { Readiness } from '../../src/platform/readiness';
import { createTestDatabase, type TestDatabase } from '../support/postgres';

export const ADMIN_KEY = 'Mv3-first-opener-of-doors-0001';
export const INTERNAL_KEY = 'Zq8-inner-door-opener-0001';

const method = { requestType: 'Text', responseType: 'Text', comment: '' };

/** A contract with one rpc of each kind the doors treat differently. */
export const ECHO_PACKAGE = fromJSON({
  nested: {
    echo: {
      nested: {
        v1: {
          nested: {
            Text: { fields: { text: { type: 'string', id: 1 } } },
            EchoService: {
              methods: {
                Echo: method,
                Forgotten: method,
                Fail: method,
                Stream: { ...method, requestStream: true, responseStream: true },
              },
            },
          },
        },
      },
    },
  },
});

export interface WorldOptions {
  readonly controllers?: Type[];
  readonly providers?: Type[];
  readonly config?: Partial<Config>;
  /** Registers raw routes before the application is initialised. */
  readonly routes?: (server: FastifyInstance) => void;
  /** An existing database, for a second node. */
  readonly database?: TestDatabase;
  readonly logDestination?: { write(line: string): void };
}

/** Platform's modules with real doors on real ports, and nothing of the business. */
export interface World {
  readonly app: NestFastifyApplication;
  readonly database: TestDatabase;
  readonly rest: string;
  readonly grpcUrl: string;
  close(): Promise<void>;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const database = options.database ?? (await createTestDatabase());
  const config = testConfig(database.url, options.config);
  const server = createHttpServer({ bodyLimit: config.bodyLimit });
  options.routes?.(server);
  class TestModule {}
  const { controllers = [], providers = [] } = options;
  Module({ imports: [PlatformModule.forRoot(config)], controllers, providers })(TestModule);
  const app = await NestFactory.create<NestFastifyApplication>(
    TestModule,
    new FastifyAdapter(server as unknown as ConstructorParameters<typeof FastifyAdapter>[0]),
    { bodyParser: false, abortOnError: false, logger: false },
  );
  const grpcUrl = `127.0.0.1:${await freePort()}`;
  connectGrpc(app, grpcUrl);
  const close = async (): Promise<void> => {
    app.get(Readiness).drain();
    await app.close();
    if (options.database === undefined) await database.drop();
  };
  try {
    await app.init();
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await close();
    throw error;
  }
  app.get(Readiness).open();
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, database, rest: `http://127.0.0.1:${port}`, grpcUrl, close };
}

/** gRPC is told its port; below the range that outgoing connections use. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 31_000);
    const isFree = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

function connectGrpc(app: NestFastifyApplication, url: string): void {
  const server = new GrpcServer(
    { url, package: 'echo.v1', packageDefinition: ECHO_PACKAGE, endsWithCaller: ['echo.v1'] },
    { metrics: app.get(DoorMetrics), health: app.get(GrpcHealth) },
  );
  app.connectMicroservice({ strategy: server }, { inheritAppConfig: true });
}

export function testConfig(databaseUrl: string, overrides: Partial<Config> = {}): Config {
  const environment = {
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: '4',
    ADMIN_API_KEY: ADMIN_KEY,
    INTERNAL_API_KEY: INTERNAL_KEY,
    API_KEY_PEPPER: 'kT5-ground-fine-over-every-stored-hash-9',
    LOG_LEVEL: 'silent',
    // Tests ask faster than callers do; those of the limit set one.
    RATE_LIMIT_REQUESTS: '0',
  };
  return loadConfig(environment, { apiPort: 0, ...overrides });
}

/** A parsed answer, to be read as what it is asserted to be. */
export type Json = ReturnType<typeof JSON.parse>;

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

/** One REST call with an API key (by default the admin's) and a JSON body if any. */
export async function rest(
  world: Pick<World, 'rest'>,
  [verb, path]: readonly [string, string],
  options: { key?: string | null; body?: unknown; headers?: Record<string, string> } = {},
): Promise<RestAnswer> {
  const { key = ADMIN_KEY, body } = options;
  const response = await fetch(world.rest + path, {
    method: verb,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

export interface RpcAnswer {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
  readonly text: string | null;
}

/** One unary call of the echo contract. */
export function rpc(
  url: string,
  name: string,
  options: { text?: string; metadata?: Record<string, string> } = {},
): Promise<RpcAnswer> {
  return unary<{ text: string }>(url, {
    definition: ECHO_PACKAGE,
    path: ['echo.v1.EchoService', name],
    request: { text: options.text ?? 'hi' },
    metadata: options.metadata ?? { 'x-api-key': ADMIN_KEY },
  }).then(({ answer, ...failure }) => ({ ...failure, text: answer?.text ?? null }));
}

interface UnaryCall {
  readonly definition: PackageDefinition;
  readonly path: readonly [string, string];
  readonly request: object;
  readonly metadata?: Record<string, string>;
}

export async function unary<A>(
  url: string,
  { definition, path: [service, name], request, metadata = {} }: UnaryCall,
): Promise<{ code: number; details: string; metadata: Metadata; answer: A | null }> {
  const rpcDefinition = (definition[service] as Record<string, Json>)[name];
  const client = new Client(url, credentials.createInsecure());
  const sent = new Metadata();
  for (const [field, value] of Object.entries(metadata)) sent.set(field, value);
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(
        rpcDefinition.path,
        rpcDefinition.requestSerialize,
        rpcDefinition.responseDeserialize,
        request,
        sent,
        (error: ServiceError | null, answer?: unknown) =>
          resolve(
            error === null
              ? { code: 0, details: '', metadata: new Metadata(), answer: answer as A }
              : { code: error.code, details: error.details, metadata: error.metadata, answer: null },
          ),
      );
    });
  } finally {
    client.close();
  }
}
