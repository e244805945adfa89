import { setTimeout as sleep } from 'node:timers/promises';
import { METER, PATIENCE_MS } from './limit-town.mjs';
import { withDatabase } from './processes.mjs';

const COUNTERS = `
  select a.key, c.sum, c.reserved from usage_counter c
  join account a on a.id = c.account_id join meter m on m.id = c.meter_id
  where c.dims = '' and m.key = '${METER}' and a.key = any($1)`;

/** Which limits an account had, and when: between the asking for a new one and the answer both may hold. */
export class LimitLog {
  #entries = [];

  /** `set` gives the account the limit and ends when it was answered that it holds. */
  async change(limit, set) {
    const entry = { limit, askedAt: performance.now(), answeredAt: Infinity };
    this.#entries.push(entry);
    await set();
    entry.answeredAt = performance.now();
  }

  get last() {
    return this.#entries.at(-1).limit;
  }

  get highest() {
    return Math.max(...this.#entries.map(({ limit }) => limit));
  }

  /** The highest limit that may have held at some moment between two. */
  highestBetween(from, to) {
    const held = this.#entries.filter(
      ({ askedAt }, i) => askedAt <= to && (this.#entries[i + 1]?.answeredAt ?? Infinity) >= from,
    );
    return Math.max(...held.map(({ limit }) => limit));
  }
}

/** Looks at counters again and again while clients race: none may grow to beyond what was allowed at that moment. */
export class LimitWatch {
  #running = true;
  #done;
  looks = 0;
  problems = [];

  /** `logs` by account key. */
  constructor(url, logs) {
    this.#done = withDatabase(url, (client) => this.#watch(client, logs), PATIENCE_MS);
  }

  async stop() {
    this.#running = false;
    await this.#done;
  }

  async #watch(client, logs) {
    const before = new Map();
    // The race may have begun before this connection was open.
    let since = 0;
    while (this.#running) {
      const asked = performance.now();
      const { rows } = await client.query(COUNTERS, [[...logs.keys()]]);
      const now = performance.now();
      this.looks += 1;
      for (const { key, sum, reserved } of rows) {
        const used = Number(sum) + Number(reserved);
        const limit = logs.get(key).highestBetween(since, now);
        if (used > (before.get(key) ?? 0) && used > limit)
          this.problems.push(`${key} grew from ${before.get(key) ?? 0} to ${used} under a limit of ${limit}`);
        before.set(key, used);
      }
      since = asked;
      await sleep(3);
    }
  }
}
