import type { HttpRoute } from './door';
import type { ApiDoor } from './open-api-door';
import { failureName, failureResponse, failureStatuses } from './open-api-failure';
import { failuresOf, operationOf } from './open-api-operation';
import { ApiSchemas, type Json } from './open-api-schema';

/** An OpenAPI 3.1 document. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: { readonly url: string }[];
  readonly tags: { readonly name: string }[];
  readonly paths: Record<string, Record<string, Json>>;
  readonly components: Json;
}

type DescribedRoute = HttpRoute & { readonly api: ApiDoor };

/**
 * The document of every REST door in `routes`; pages for people are no doors. Throws naming the doors that nobody has
 * described. The same routes give the same document, byte for byte, in whatever order they were registered.
 */
export function openApiDocument(routes: readonly HttpRoute[], version: string): OpenApiDocument {
  const doors = describedDoors(routes);
  const schemas = new ApiSchemas();
  const paths: OpenApiDocument['paths'] = {};
  for (const door of doors) {
    const path = (paths[templateOf(door.url)] ??= {});
    for (const method of methodsOf(door)) path[method.toLowerCase()] = operationOf(door, door.api, schemas);
  }
  const responses = responsesOf(doors, schemas);
  return {
    openapi: '3.1.0',
    info: { title: 'Tallyhouse', version, description: DESCRIPTION },
    servers: [{ url: '/' }],
    tags: [...new Set(doors.map(({ api }) => api.tag))].sort().map((name) => ({ name })),
    paths,
    components: { securitySchemes: SECURITY, responses, schemas: schemas.components },
  };
}

const DESCRIPTION = `Usage in, bills out.

* **Keys.** Every door but the probes needs an API key, as \`Authorization: Bearer …\` or as \`X-API-Key\`, and one scope of it,
  which stands with the door. A key acts for the accounts it was made for and sees nothing of others. A token (JWT) of an issuer
  this installation trusts does the same for the accounts its claims name.
* **Too many requests** of one key or token are answered with 429; \`Retry-After\` says when there is room again.
* **Numbers.** Quantities and amounts are decimals in text, exact to 15 places.
* **Twice is once.** An event is told by its \`source\` and \`id\`; sent again with the same content it is a \`duplicate\`.
* **Lists** are read page by page: \`next_cursor\` of an answer is the \`cursor\` of the next question.
* **Failures** are problems (RFC 9457) which name every wrong field at once. The \`X-Request-Id\` of a request comes back with its
  answer and stands in our logs; a failure always carries one.`;

const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or a token (JWT).' },
  header: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key.' },
  internal: {
    type: 'apiKey',
    in: 'header',
    name: 'authorization',
    description: 'The key the platform’s own services share, with or without the word Bearer.',
  },
};

function describedDoors(routes: readonly HttpRoute[]): DescribedRoute[] {
  const doors = routes.filter((route) => !route.isPage && methodsOf(route).length > 0);
  const forgotten = doors.filter(({ api }) => api === null);
  if (forgotten.length > 0) {
    const names = forgotten.map((route) => `${methodsOf(route).join(',')} ${route.url}`).join('; ');
    throw new Error(`describe with @ApiDoor or in the route's config: ${names}`);
  }
  const key = ({ url, methods }: HttpRoute): string => `${url} ${methods.join()}`;
  return (doors as DescribedRoute[]).sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

/** A HEAD that the server adds to a GET is the same door. */
function methodsOf({ methods }: HttpRoute): string[] {
  return methods.filter((method) => method !== 'HEAD');
}

function templateOf(url: string): string {
  return url.replace(/:([A-Za-z0-9_]+)/g, '{$1}');
}

function responsesOf(doors: readonly DescribedRoute[], schemas: ApiSchemas): Json {
  const responses = doors.flatMap((door) =>
    failureStatuses(failuresOf(door, door.api), door.errorShape).map((status) => [
      failureName(door.errorShape, status),
      failureResponse(door.errorShape, status, (body) => schemas.output(body)),
    ]),
  );
  return Object.fromEntries(responses.sort(([one], [other]) => (one! < other! ? -1 : 1))) as Json;
}
