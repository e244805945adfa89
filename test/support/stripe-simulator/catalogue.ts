import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

interface Operation {
  readonly resource: string;
  readonly method: string;
  readonly http: string;
  readonly path: string;
}

/** Where a request leads. */
export interface Route {
  readonly operation: string;
  readonly resource: string;
  readonly method: string;
  readonly ids: Record<string, string>;
}

/** Reads a compressed JSON file of `data/`. */
export function readData<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(join(__dirname, 'data', name))).toString()) as T;
}

export const catalogue = readData<{ apiVersion: string; sdk: string; operations: Operation[] }>(
  'operations.sdk-20.4.1.json.gz',
);

/** Written by hand in the SDK, so the generated catalogue has them not. */
const BY_HAND: Operation[] = [
  { resource: 'V2/Core/Events', method: 'retrieve', http: 'GET', path: '/v2/core/events/{id}' },
  { resource: 'V2/Core/Events', method: 'list', http: 'GET', path: '/v2/core/events' },
];

/** Every operation the SDK has, by verb and number of segments, the more literal paths first. */
const routes = new Map<string, { operation: Operation; segments: string[] }[]>();
for (const operation of [...catalogue.operations, ...BY_HAND]) {
  const segments = operation.path.split('/');
  const bin = `${operation.http} ${segments.length}`;
  routes.set(bin, [...(routes.get(bin) ?? []), { operation, segments }]);
}
const holes = (segments: string[]): number => segments.filter((segment) => segment.startsWith('{')).length;
for (const bin of routes.values()) bin.sort((a, b) => holes(a.segments) - holes(b.segments));

/** Every operation's name, as the contract log writes it. */
export const operationNames: readonly string[] = [...catalogue.operations, ...BY_HAND].map(nameOf);

function nameOf(operation: Operation): string {
  return `${operation.resource}.${operation.method}`;
}

/** The operation a verb and a path stand for; null when the SDK has none such. */
export function findRoute(http: string, path: string): Route | null {
  const parts = path.split('/');
  for (const { operation, segments } of routes.get(`${http} ${parts.length}`) ?? []) {
    const ids: Record<string, string> = {};
    const fits = segments.every((segment, at) => {
      if (!segment.startsWith('{')) return segment === parts[at];
      ids[segment.slice(1, -1)] = decodeURIComponent(parts[at]!);
      return parts[at] !== '';
    });
    if (fits)
      return { operation: nameOf(operation), resource: operation.resource, method: operation.method, ids };
  }
  return null;
}
