import { z } from 'zod';

export type Json = Record<string, unknown>;

/** A schema, and its `meta({ example })` beside it, which is where OpenAPI has a value that a reader may try. */
export interface ApiSchema {
  readonly schema: Json;
  readonly example?: unknown;
}

/**
 * Writes zod schemas as JSON Schema 2020-12, the dialect of OpenAPI 3.1. A schema with an id becomes a component, written
 * once and referred to.
 */
export class ApiSchemas {
  readonly #components = new Map<string, Json>();

  /** Everything that was referred to so far, by id. */
  get components(): Json {
    return Object.fromEntries([...this.#components].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  /** What a caller may send. */
  input(schema: z.ZodType): ApiSchema {
    return this.#write(z.toJSONSchema(schema, { io: 'input' }));
  }

  /** What a caller gets. More members may come one day, so none is ruled out. */
  output(schema: z.ZodType): Json {
    const open = ({ jsonSchema }: { jsonSchema: { additionalProperties?: unknown } }): void => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    };
    return this.#write(z.toJSONSchema(schema, { override: open })).schema;
  }

  #write(written: Json): ApiSchema {
    const { example, ...schema } = this.#keepComponents(pointedAtComponents(written));
    return example === undefined ? { schema } : { schema, example };
  }

  /** The schema without the definitions it brought along, which are kept. */
  #keepComponents({ $schema: _dialect, $defs = {}, ...schema }: Json): Json {
    for (const [id, brought] of Object.entries($defs as Record<string, Json>)) {
      const component = this.#keepComponents(brought);
      const before = this.#components.get(id);
      if (before !== undefined && JSON.stringify(before) !== JSON.stringify(component)) {
        throw new Error(`two different schemas are called ${id}`);
      }
      this.#components.set(id, component);
    }
    return schema;
  }
}

function pointedAtComponents(written: Json): Json {
  const text = JSON.stringify(written).replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/');
  return JSON.parse(text) as Json;
}
