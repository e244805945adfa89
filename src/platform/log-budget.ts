const PER_SECOND = 50;

/**
 * How many lines of one kind may still be written this second. When thousands of requests fail for one reason, the fiftieth
 * line tells no more than the first, and writing them all takes the time that answering needs.
 */
export class LogBudget {
  #second = -1;
  #used = 0;
  #left = 0;

  constructor(private readonly monotonicMs: () => number = () => performance.now()) {}

  /** Null when the line is not to be written; else how many were left out since the last one. */
  take(): number | null {
    const second = Math.floor(this.monotonicMs() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#used = 0;
    }
    if (this.#used >= PER_SECOND) {
      this.#left += 1;
      return null;
    }
    this.#used += 1;
    const left = this.#left;
    this.#left = 0;
    return left;
  }
}
