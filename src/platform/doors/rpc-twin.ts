import type { z } from 'zod';
import type { ErrorCode } from '../../core/errors';
import type { ApiDoor } from './open-api-door';

/** What the API document says of the REST twin of an rpc of usage.v1. */
export interface RpcTwin {
  readonly summary: string;
  readonly description?: string;
  /** Made of the fields of proto-json, with an example. */
  readonly body: z.ZodType;
  readonly answer: z.ZodType;
  readonly errors?: readonly ErrorCode[];
}

/**
 * Describes `POST /api/v1/usage.v1.<service>/<rpc>`: the same rpc for people with curl and for operators, in protobuf's JSON.
 * The controller's method also needs `@HttpCode(200)`, which is what an rpc that went well answers.
 */
export function twinOf(rpc: string, { summary, description, body, answer, errors }: RpcTwin): ApiDoor {
  return {
    name: `gitpod${rpc}`,
    tag: 'usage.v1',
    summary,
    ...(description === undefined ? {} : { description }),
    body,
    answers: { 200: answer },
    ...(errors === undefined ? {} : { errors }),
  };
}
