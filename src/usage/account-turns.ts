/** Lets work of one account follow one another, while that of different accounts never waits. */
export class AccountTurns {
  readonly #last = new Map<number, Promise<void>>();

  /** Runs `work` after everything that was asked for this account before; it learns how long that took, in milliseconds. */
  async run<R>(accountId: number, work: (waitedMs: number) => Promise<R>): Promise<R> {
    const since = performance.now();
    const before = this.#last.get(accountId) ?? Promise.resolve();
    const mine = before.then(() => work(performance.now() - since));
    const over = mine.then(noop, noop);
    this.#last.set(accountId, over);
    try {
      return await mine;
    } finally {
      if (this.#last.get(accountId) === over) this.#last.delete(accountId);
    }
  }
}

function noop(): void {
  return undefined;
}
