import { DomainError } from '../../core/errors';
import type { ApiKey } from './api-key.entity';

interface Batch {
  readonly prefixes: Set<string>;
  readonly found: Promise<ReadonlyMap<string, ApiKey>>;
}

const MAX_WAITING = 1_000;

/**
 * Asks for keys one question at a time, each for everybody who waits: a thousand callers with a thousand keys this process has
 * not seen, honest after a restart or guessing, take one connection instead of all of them.
 */
export class ApiKeyLookup {
  #running: Promise<unknown> = Promise.resolve();
  #next: Batch | null = null;

  constructor(private readonly findAll: (prefixes: string[]) => Promise<ApiKey[]>) {}

  /** The key of that prefix or null. Throws `unavailable` when a thousand others wait already. */
  async find(prefix: string): Promise<ApiKey | null> {
    const { prefixes, found } = (this.#next ??= this.#newBatch());
    if (prefixes.size >= MAX_WAITING && !prefixes.has(prefix)) {
      throw new DomainError('unavailable', 'Too many new credentials at once', [], 1);
    }
    prefixes.add(prefix);
    return (await found).get(prefix) ?? null;
  }

  #newBatch(): Batch {
    const prefixes = new Set<string>();
    const found = this.#running
      .then(() => {
        this.#next = null;
        return this.findAll([...prefixes]);
      })
      .then((keys) => new Map(keys.map((key) => [key.prefix, key])));
    this.#running = found.catch(() => undefined);
    return { prefixes, found };
  }
}
