/** How many requests a principal may make in a window. */
export interface RateLimit {
  /** At least 1. */
  readonly requests: number;
  readonly windowMs: number;
}

/**
 * The requests of one principal in the window that runs. A window begins with the first request after the last one ended.
 * What was let through beyond the limit, because several processes counted apart, counts in the windows that follow.
 */
export class RateWindow {
  used = 0;
  /** Monotonic milliseconds. */
  endsAt = -Infinity;
  /** Requests the other processes have not been told of. */
  untold = 0;
  /** Null = none. */
  limit: RateLimit | null = null;
  /** Of the overrides the limit was read from. */
  version = -1;

  /** `name` is that of the principal, the same in every process. */
  constructor(readonly name: string) {}

  /** Counts a request made at `now`, unless there is no room: then the milliseconds until there is, else 0. */
  take(now: number, { requests, windowMs }: RateLimit): number {
    if (now >= this.endsAt) this.#begin(now, { requests, windowMs });
    if (this.used >= requests) return this.endsAt - now + windowMs * (Math.floor(this.used / requests) - 1);
    this.used += 1;
    this.untold += 1;
    return 0;
  }

  /** What all processes together have counted, and when that window ends; requests not told yet come on top of it. */
  learn(used: number, endsAt: number): void {
    const all = used + this.untold;
    // A store that lost its memory says less than we know ourselves.
    if (all < this.used) return;
    this.used = all;
    this.endsAt = endsAt;
  }

  /** Whether it says nothing that a new one would not. */
  isOver(now: number): boolean {
    return now >= this.endsAt && this.used <= (this.limit?.requests ?? Infinity);
  }

  #begin(now: number, { requests, windowMs }: RateLimit): void {
    const passed = Math.floor((now - this.endsAt) / windowMs) + 1;
    this.used = this.endsAt === -Infinity ? 0 : Math.max(0, this.used - passed * requests);
    this.endsAt = this.used > 0 ? this.endsAt + passed * windowMs : now + windowMs;
  }
}
