import type { INestApplication } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { PATTERN_METADATA, TRANSPORT_METADATA } from '@nestjs/microservices/constants';
import type { FastifyInstance } from 'fastify';
import { PUBLIC_DOOR, type DoorRule } from '../auth/door-rule';
import { DOOR_RULE } from '../auth/require-scope';
import type { Door, HttpRoute } from './door';
import type { GrpcServer } from './grpc-server';

/** Every live way in, with what it asks of its caller. gRPC doors are live once their server listens. */
export function listDoors(app: INestApplication): Door[] {
  const server = app.getHttpAdapter().getInstance() as FastifyInstance;
  const rules = rpcRules(app.get(ModulesContainer));
  const grpc = app.getMicroservices().map((one) => one.unwrap<GrpcServer>());
  const served = grpc
    .flatMap(({ servedRpcs }) => servedRpcs)
    .map((name) => ({
      kind: 'grpc' as const,
      name,
      rule: rules.find(({ ending }) => name.endsWith(ending))?.rule ?? null,
    }));
  const open = grpc
    .flatMap(({ openRpcs }) => openRpcs)
    .map((name) => ({ kind: 'grpc' as const, name, rule: PUBLIC_DOOR }));
  return [...restDoors(server.httpDoors.routes), ...served, ...open];
}

/** The doors of HTTP routes. A HEAD that the server adds to a GET is the same door. */
export function restDoors(routes: readonly HttpRoute[]): Door[] {
  return routes.flatMap(({ methods, url, rule }) =>
    methods
      .filter((method) => method !== 'HEAD')
      .map((method) => ({ kind: 'rest' as const, name: `${method} ${url}`, rule })),
  );
}

/** Throws naming every door that declares nothing: such a program must not start. */
export function refuseUndeclared(doors: readonly Pick<Door, 'name' | 'rule'>[]): void {
  const forgotten = doors.filter(({ rule }) => rule === null).map(({ name }) => name);
  if (forgotten.length === 0) return;
  throw new Error(
    `declare with @RequireScope, @Public or a route config who may use: ${forgotten.join(', ')}`,
  );
}

interface RpcRule {
  /** The end of the rpc's path: a controller names its service without the package. */
  readonly ending: string;
  readonly rule: DoorRule | null;
}

/** The rule of every rpc that some controller answers. */
export function rpcRules(modules: ModulesContainer): RpcRule[] {
  const scanner = new MetadataScanner();
  const prototypes = [...modules.values()].flatMap(({ controllers }) =>
    [...controllers.values()].map(({ metatype }) => metatype?.prototype as object | undefined),
  );
  return prototypes.flatMap((prototype) =>
    scanner
      .getAllMethodNames(prototype ?? null)
      .flatMap((name) => rpcRulesOf((prototype as Record<string, object>)[name]!)),
  );
}

function rpcRulesOf(handler: object): RpcRule[] {
  if (Reflect.getMetadata(TRANSPORT_METADATA, handler) !== Transport.GRPC) return [];
  const patterns = Reflect.getMetadata(PATTERN_METADATA, handler) as { service: string; rpc: string }[];
  const rule = (Reflect.getMetadata(DOOR_RULE, handler) as DoorRule | undefined) ?? null;
  return patterns.map(({ service, rpc }) => ({ ending: `${service}/${rpc}`, rule }));
}
