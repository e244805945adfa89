import 'reflect-metadata';
import { ServerCredentials } from '@grpc/grpc-js';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { serveApiDocument } from './app-docs';
import { AppModule } from './app.module';
import { FILE_DESCRIPTORS } from './generated/descriptors';
import { LOADER_OPTIONS, PROTO_FILES } from './generated/proto-loader';
import type { Config } from './platform/config';
import { GrpcServer, type GrpcServerOptions } from './platform/doors/grpc-server';
import { createHttpServer } from './platform/doors/http-server';
import { GrpcHealth } from './platform/health-grpc';
import { Logger, NestLogger } from './platform/logger';
import { DoorMetrics } from './platform/metrics';
import { packageRoot } from './platform/package-root';

/**
 * Puts the service together, doors still closed: our own Fastify instance below Nest's adapter (the one the adapter brings
 * costs half of the rate), and gRPC as a second transport under the same filters and guards.
 */
export async function createApp(config: Config): Promise<NestFastifyApplication> {
  if (!config.databaseUrl || !config.apiKeyPepper) throw new Error('the configuration is not complete yet');
  const server = createHttpServer({ bodyLimit: config.bodyLimit });
  // Express-style middleware is not used here, and its plugin would cost every request a hook.
  server.decorate('skipMiddie', true);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRoot(config),
    new FastifyAdapter(server as unknown as ConstructorParameters<typeof FastifyAdapter>[0]),
    { bodyParser: false, abortOnError: false, logger: new NestLogger(new Logger(config)) },
  );
  serveApiDocument(app);
  const parts = { metrics: app.get(DoorMetrics), health: app.get(GrpcHealth, { strict: false }) };
  app.connectMicroservice(
    { strategy: new GrpcServer(grpcOptions(config), parts) },
    { inheritAppConfig: true },
  );
  return app;
}

/** Every contract below proto/ is served; a service without a controller answers UNIMPLEMENTED. */
function grpcOptions(config: Config): GrpcServerOptions {
  const root = join(packageRoot(), 'proto');
  const packages = new Set(PROTO_FILES.map((file) => dirname(file).replaceAll('/', '.')));
  return {
    url: grpcAddress(config),
    package: [...packages],
    protoPath: PROTO_FILES.map((file) => join(root, file)),
    loader: { ...LOADER_OPTIONS, includeDirs: [root] },
    descriptors: FILE_DESCRIPTORS,
    withoutZeros: ['usage.v1'],
    endsWithCaller: ['usage.v1'],
    credentials: grpcCredentials(config),
  };
}

/** `host:port` as gRPC writes it. */
export function grpcAddress({ grpcHost, grpcPort }: Pick<Config, 'grpcHost' | 'grpcPort'>): string {
  return `${bracketed(grpcHost)}:${grpcPort}`;
}

/** A host as it stands in an address. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** TLS when a certificate is configured; with a CA, only callers with a certificate of it get through. */
function grpcCredentials(config: Config): ServerCredentials {
  if (!config.grpcTlsCert || !config.grpcTlsKey) return ServerCredentials.createInsecure();
  const pair = { cert_chain: readFileSync(config.grpcTlsCert), private_key: readFileSync(config.grpcTlsKey) };
  const ca = config.grpcTlsCa ? readFileSync(config.grpcTlsCa) : null;
  return ServerCredentials.createSsl(ca, [pair], ca !== null);
}
