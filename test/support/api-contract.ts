import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import type { OpenApiDocument } from '../../src/platform/doors/open-api';

type Json = Record<string, unknown>;

/** An operation of the document with where it stands. */
export interface Operation {
  readonly verb: string;
  readonly template: string;
  readonly at: {
    readonly operationId: string;
    readonly summary: string;
    readonly tags: readonly string[];
    readonly security: readonly Record<string, readonly string[]>[];
    readonly parameters?: readonly Parameter[];
    readonly requestBody?: { readonly content: Record<string, { readonly example: unknown }> };
    readonly responses: Record<string, { readonly $ref?: string }>;
  };
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly example?: string | Record<string, string>;
}

export function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([template, path]) =>
    Object.entries(path).map(([verb, at]) => ({
      verb: verb.toUpperCase(),
      template,
      at: at as unknown as Operation['at'],
    })),
  );
}

/** Every object and list inside, the outermost first. */
export function nodesOf(value: unknown): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Json, ...Object.values(value).flatMap(nodesOf)];
}

/** What a `#/…` reference points at; undefined when there is nothing. */
export function pointedAt(document: OpenApiDocument, ref: string): unknown {
  return found(document, stepsOf(ref));
}

function stepsOf(ref: string): string[] {
  return ref.slice(2).split('/');
}

function found(document: OpenApiDocument, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((at, step) => (at as Json | undefined)?.[step], document);
}

export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: unknown;
}

export interface Call {
  readonly url: string;
  readonly contentType: string | null;
  readonly body: unknown;
}

/** A call of an operation made of nothing but its examples; `path` replaces those of the path. */
export function exampleCalls({ template, at }: Operation, path: Record<string, string> = {}): Call[] {
  const { parameters = [], requestBody } = at;
  const query = new URLSearchParams();
  let url = template;
  for (const { name, in: place, example } of parameters) {
    const given = path[name] ?? example ?? {};
    const pairs = typeof given === 'string' ? [[name, given] as const] : Object.entries(given);
    for (const [own, value] of pairs) {
      if (place === 'path') url = url.replace(`{${own}}`, encodeURIComponent(value));
      else query.append(own, value);
    }
  }
  const asked = query.size === 0 ? url : `${url}?${query.toString()}`;
  if (requestBody === undefined) return [{ url: asked, contentType: null, body: undefined }];
  return Object.entries(requestBody.content).map(([contentType, { example }]) => ({
    url: asked,
    contentType,
    body: example,
  }));
}

/** Judges bodies by the document's own schemas. In answers, members that the document does not name are refused. */
export class Contract {
  readonly #requests = compiler();
  readonly #answers = compiler();

  constructor(readonly document: OpenApiDocument) {
    this.#requests.addSchema(document, 'api');
    this.#answers.addSchema(closed(document), 'api');
  }

  /** What is wrong with a request body; null when nothing is. */
  requestProblem({ verb, template }: Operation, contentType: string, body: unknown): string | null {
    const place = pointer([
      'paths',
      template,
      verb.toLowerCase(),
      'requestBody',
      'content',
      contentType,
      'schema',
    ]);
    return problemOf(this.#requests.getSchema(`api${place}`), body);
  }

  /** What is wrong with an answer; null when nothing is. */
  answerProblem({ verb, template, at }: Operation, { status, contentType, body }: Answer): string | null {
    const described = at.responses[status];
    if (described === undefined) return `${status} is not in the document: ${JSON.stringify(body)}`;
    const steps = described.$ref
      ? stepsOf(described.$ref)
      : ['paths', template, verb.toLowerCase(), 'responses', String(status)];
    const { content = {} } = found(this.document, steps) as { content?: object };
    const type = contentType?.split(';')[0] ?? 'none';
    const known = Object.keys(content);
    if (known.length === 0 && type === 'none') return null;
    if (!known.includes(type)) return `${type} is not one of ${known.join(', ')}`;
    return problemOf(this.#answers.getSchema(`api${pointer([...steps, 'content', type, 'schema'])}`), body);
  }

  /** What is wrong with a value of a component; null when nothing is. */
  componentProblem(name: string, value: unknown): string | null {
    return problemOf(this.#requests.getSchema(`api#/components/schemas/${name}`), value);
  }
}

function compiler(): Ajv2020 {
  return new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
}

function problemOf(validate: ValidateFunction | undefined, value: unknown): string | null {
  if (validate === undefined) return 'there is no such schema';
  return validate(value) === true ? null : JSON.stringify(validate.errors);
}

function pointer(steps: readonly string[]): string {
  return `#/${steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
}

function closed(document: OpenApiDocument): object {
  const copy = structuredClone(document);
  for (const node of nodesOf(copy)) {
    if (node['type'] === 'object' && 'properties' in node) node['additionalProperties'] ??= false;
  }
  return copy;
}
