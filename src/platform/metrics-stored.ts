import { setTimeout as sleep } from 'node:timers/promises';
import { Gauge, register } from 'prom-client';
import { apartFromCall } from './call-life';
import type { MetricName } from './metrics';

/** One value of a figure, with its labels if it has any: few and known beforehand, never an account. */
export interface StoredValue {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

const READ_EVERY_MS = 5_000;
const PATIENCE_MS = 500;

/** One after the other, so that a scrape never takes more than one connection from those who work. */
let turn: Promise<unknown> = Promise.resolve();

/** What was read last, and the reading under way. */
class Reading {
  values: readonly StoredValue[] = [];
  #readAt = -Infinity;
  #underWay: Promise<void> | null = null;

  constructor(private readonly read: () => Promise<readonly StoredValue[]>) {}

  /** Reads again unless that was done just now; resolves when it is done or has taken too long to be waited for. */
  async renew(): Promise<void> {
    if (this.#underWay === null && performance.now() - this.#readAt < READ_EVERY_MS) return;
    this.#underWay ??= turn.then(() => this.#renew()).finally(() => (this.#underWay = null));
    turn = this.#underWay;
    const patience = new AbortController();
    const tired = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([this.#underWay, tired]);
    patience.abort();
  }

  async #renew(): Promise<void> {
    try {
      this.values = await apartFromCall(this.read);
      this.#readAt = performance.now();
    } catch {
      // An old figure would look like a new one. That Postgres cannot be asked is told by other metrics.
      this.values = [];
    }
  }
}

/**
 * A gauge of something that is in Postgres. It is read when somebody scrapes, at most once in five seconds, and a scrape waits
 * for it half a second at most; what could not be read is not shown. `read` must be cheap however much there is. Of several
 * applications in one process the newest is asked.
 */
export function storedGauge(
  { name, help }: MetricName,
  read: () => Promise<readonly StoredValue[]>,
  labelNames: readonly string[] = [],
): void {
  register.removeSingleMetric(name);
  const reading = new Reading(read);
  new Gauge({
    ...{ name, help, labelNames },
    async collect(this: Gauge) {
      await reading.renew();
      this.reset();
      // Without labels, the library shows a 0 for what was never set.
      if (labelNames.length === 0 && reading.values.length === 0) this.remove();
      for (const { labels = {}, value } of reading.values) this.set(labels, value);
    },
  });
}
