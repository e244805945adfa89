import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { ErrorCode } from '../../core/errors';
import type { DoorRule } from '../auth/door-rule';
import type { HttpRoute } from './door';
import type { ApiDoor } from './open-api-door';
import { failureName, failureStatuses } from './open-api-failure';
import type { ApiSchemas, Json } from './open-api-schema';

const JSON_TYPE = 'application/json';

/** A route as an operation of the document; its schemas are written through `schemas`. */
export function operationOf(route: HttpRoute, api: ApiDoor, schemas: ApiSchemas): Json {
  const parameters = [
    ...parametersOf('path', api.path, schemas),
    ...parametersOf('query', api.query, schemas),
    ...parametersOf('header', api.headers, schemas),
  ];
  const scope = route.rule?.scope ?? null;
  const words = [api.description, scope === null ? undefined : `Needs the scope \`${scope}\`.`];
  return {
    operationId: api.name,
    tags: [api.tag],
    summary: api.summary,
    description: words.filter((text) => text !== undefined).join('\n\n') || undefined,
    security: securityOf(route.rule),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(api.body === undefined ? {} : { requestBody: requestBodyOf(api.body, schemas) }),
    responses: responsesOf(route, api, schemas),
  };
}

/** What the document calls a scope: in 3.1 a requirement of any kind may name the roles it takes. */
function securityOf(rule: DoorRule | null): Json[] {
  if (!rule?.scope) return [];
  const keys = [{ bearer: [rule.scope] }, { header: [rule.scope] }];
  return rule.internalKey ? [...keys, { internal: [] }] : keys;
}

function parametersOf(
  place: 'path' | 'query' | 'header',
  schema: z.ZodType | undefined,
  schemas: ApiSchemas,
): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemas.input(schema).schema as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, example, ...rest }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
    ...(example === undefined ? {} : { example }),
  }));
}

function requestBodyOf(body: NonNullable<ApiDoor['body']>, schemas: ApiSchemas): Json {
  const byType = body instanceof z.ZodType ? { [JSON_TYPE]: body } : body;
  const content = Object.entries(byType).map(([type, shape]) => {
    return [type, schemas.input(shape)];
  });
  return { required: true, content: Object.fromEntries(content) as Json };
}

function responsesOf(route: HttpRoute, api: ApiDoor, schemas: ApiSchemas): Json {
  const answers = Object.entries(api.answers).map(([status, body]) => {
    const content = body && { [api.answerType ?? JSON_TYPE]: { schema: schemas.output(body) } };
    return [status, { description: STATUS_CODES[status], ...(content === null ? {} : { content }) }];
  });
  const failures = failureStatuses(failuresOf(route, api), route.errorShape).map((status) => [
    status,
    { $ref: `#/components/responses/${failureName(route.errorShape, status)}` },
  ]);
  return Object.fromEntries([...answers, ...failures]) as Json;
}

/** What a door can fail with, by what it is; `api.errors` adds what only its operation knows. */
export function failuresOf({ rule }: HttpRoute, { path, query, body, errors = [] }: ApiDoor): ErrorCode[] {
  const keyed: ErrorCode[] = rule?.scope
    ? ['unauthenticated', 'forbidden', 'rate-limited', 'unavailable']
    : [];
  const read: ErrorCode[] = [path, query, body].some((schema) => schema !== undefined)
    ? ['invalid-argument']
    : [];
  return [
    ...read,
    ...keyed,
    ...(body === undefined ? [] : ['payload-too-large' as const]),
    ...errors,
    'internal',
  ];
}
