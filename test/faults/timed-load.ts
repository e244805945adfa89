import { setTimeout as sleep } from 'node:timers/promises';

/** One answer of a load: how long it took and what it was. */
export interface Timed {
  readonly ms: number;
  readonly status: number;
}

/** Requests one after the other, `count` of them at a time, until it is stopped. */
export class TimedLoad {
  readonly answers: Timed[] = [];
  readonly #loops: Promise<void>[];
  #running = true;

  /** `send` answers with the HTTP status. */
  constructor(count: number, send: () => Promise<{ status: number }>, pauseMs = 0) {
    this.#loops = Array.from({ length: count }, () => this.#loop(send, pauseMs));
  }

  async stop(): Promise<Timed[]> {
    this.#running = false;
    await Promise.all(this.#loops);
    return this.answers;
  }

  async #loop(send: () => Promise<{ status: number }>, pauseMs: number): Promise<void> {
    while (this.#running) {
      const started = performance.now();
      const { status } = await send();
      this.answers.push({ ms: performance.now() - started, status });
      if (pauseMs > 0) await sleep(pauseMs);
    }
  }
}

/** How often each status came. */
export function statusesOf(answers: readonly Timed[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Milliseconds that the given share of the answers did not exceed. */
export function percentile(answers: readonly Timed[], share: number): number {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
