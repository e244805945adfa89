/** The simulator's now, in seconds: it runs with the machine's clock until it is set, then it stands still until it is moved. */
export class SimulatedClock {
  #fixed: number | null;
  #ahead = 0;

  constructor(fixed: number | null = null) {
    this.#fixed = fixed;
  }

  now(): number {
    return this.#fixed ?? Math.floor(Date.now() / 1000) + this.#ahead;
  }

  /** @param seconds Unix time; from here on the clock stands still */
  set(seconds: number): void {
    this.#fixed = seconds;
  }

  /** A standing clock is moved, a running one runs ahead. */
  advance(seconds: number): void {
    if (this.#fixed === null) this.#ahead += seconds;
    else this.#fixed += seconds;
  }
}
