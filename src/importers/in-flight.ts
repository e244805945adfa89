/** Two, so that the next batch is made ready while Postgres stores the one before. */
const AT_ONCE = 2;

/** Batches on their way, a few at once. A failure reaches whoever starts the next one or waits for the last. */
export class InFlight {
  readonly #running = new Set<Promise<void>>();

  /** Returns when there is room and the work has begun. */
  async start(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= AT_ONCE) await Promise.race(this.#running);
    const started: Promise<void> = work().then(() => void this.#running.delete(started));
    // Who waits for it learns of a failure; until then it must not end the process.
    started.catch(() => undefined);
    this.#running.add(started);
  }

  async finish(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Waits until nothing is under way, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
