import type { z } from 'zod';
import type { ErrorCode } from '../../core/errors';
import { routeConfig } from './route-config';

/**
 * What the API document says of a REST door beside what its route says already (method, path, scope, shape of errors).
 * The schemas are those that judge a request and that the answer's type is made of, so the document cannot drift.
 */
export interface ApiDoor {
  /** The operation's name in generated clients; no other door has it. */
  readonly name: string;
  /** The chapter it stands in. */
  readonly tag: string;
  readonly summary: string;
  /** Markdown, where the summary leaves something open. */
  readonly description?: string;
  /** An object schema with a member for each parameter of the path. */
  readonly path?: z.ZodType;
  /** An object schema with a member for each parameter of the query. */
  readonly query?: z.ZodType;
  /** An object schema with a member for each header that the operation reads, named in lower case. */
  readonly headers?: z.ZodType;
  /** One schema means application/json; else one for each content type. */
  readonly body?: z.ZodType | Readonly<Record<string, z.ZodType>>;
  /** By status; null = no body. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>;
  /** Of the answers, where it is not application/json. */
  readonly answerType?: string;
  /** Failures of this operation besides those that every door of its kind can have. */
  readonly errors?: readonly ErrorCode[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the API document says. Raw routes declare it here, controllers through `@ApiDoor`. */
    api?: ApiDoor;
  }
}

/** Describes a controller's method in the API document. A REST door without a description has no place in it. */
export function ApiDoor(api: ApiDoor): MethodDecorator {
  return routeConfig({ api });
}
