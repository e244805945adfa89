import { DomainError } from '../core/errors';
import { apartFromCall } from './call-life';

interface Waiter<K> {
  readonly keys: readonly K[];
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Lets everybody who needs something loaded at one moment share one round trip. */
export class SharedLoad<K> {
  #waiting: Waiter<K>[] = [];
  #loading = false;

  /** `load` is given each key once; whoever asked for one of them fails with it. */
  constructor(private readonly load: (keys: K[]) => Promise<void>) {}

  async need(keys: readonly K[]): Promise<void> {
    if (keys.length === 0) return;
    await new Promise<void>((done, failed) => {
      this.#waiting.push({ keys, done, failed });
      if (!this.#loading) void apartFromCall(() => this.#run());
    });
  }

  async #run(): Promise<void> {
    this.#loading = true;
    while (this.#waiting.length > 0) {
      const waiters = this.#waiting;
      this.#waiting = [];
      try {
        await this.load([...new Set(waiters.flatMap((waiter) => waiter.keys))]);
        for (const waiter of waiters) waiter.done();
      } catch (error) {
        // Whoever came meanwhile would only wait as long for the same answer.
        const late = isUnavailable(error) ? this.#waiting.splice(0) : [];
        for (const waiter of [...waiters, ...late]) waiter.failed(error);
      }
    }
    this.#loading = false;
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'unavailable';
}
