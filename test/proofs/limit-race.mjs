import { setTimeout as sleep } from 'node:timers/promises';
import { NoAnswer } from './clients.mjs';
import { consumeOne, limitTo, makeAccount, METER, PATIENCE_MS, useMany, useOne } from './limit-town.mjs';
import { LimitLog, LimitWatch } from './limit-watch.mjs';
import { withDatabase } from './processes.mjs';

const COUNTED = `
  select (select coalesce(sum(c.sum), 0) from usage_counter c join meter m on m.id = c.meter_id
          where c.account_id = a.id and c.dims = '' and m.key = '${METER}') as counted,
    (select coalesce(json_agg(json_build_array(e.event_id, e.quantity::float8)), '[]') from usage_event e
      where e.account_id = a.id and e.type = '${METER}') as events
  from account a where a.key = $1`;

const DEADLINE_MS = 120_000;

/** What one seed decides: who races for what, and what happens meanwhile. */
export function writeRace(random, { clients, units, canKill, hasRedis }) {
  return {
    clients,
    units,
    accounts: random.chance(0.4) ? random.between(2, 4) : 1,
    most: random.chance(0.5) ? 7 : 1,
    batches: random.chance(0.5) ? 0.3 : 0,
    lost: random.chance(0.4) ? 0.2 : 0,
    changes: random.chance(0.4) ? random.between(2, 6) : 0,
    flush: hasRedis && random.chance(0.4),
    kill: canKill,
  };
}

/**
 * Clients use up the limits of some accounts through both processes until nothing is left. Answers figures and what went
 * wrong: every account must have got exactly its limit, and never more at any moment.
 */
export async function runRace({ town, random, race, name }) {
  const runners = Array.from(
    { length: race.accounts },
    (_, i) => new Runner({ town, random, race }, name + i),
  );
  await Promise.all(runners.map((runner) => runner.open()));
  const watch = new LimitWatch(town.postgres.url, new Map(runners.map(({ account, log }) => [account, log])));
  const problems = watch.problems;
  // A wrong answer ends what its client does, not the other races.
  const racing = Promise.all(
    runners.map((runner) =>
      runner.run().catch((error) => problems.push(`${runner.account}: ${error.message}`)),
    ),
  );
  const half = () => runners.every(({ admitted }) => admitted.size * 2 * race.most >= race.units);
  await Promise.all([
    racing,
    race.flush && when(half, racing).then(() => town.empty()),
    race.kill && when(half, racing).then(() => town.kill(random)),
  ]);
  await watch.stop();
  const look = async (client) => {
    for (const runner of runners) problems.push(...(await runner.problems(client)));
  };
  await withDatabase(town.postgres.url, look, PATIENCE_MS);
  return {
    looks: watch.looks,
    admitted: total(runners, ({ admitted }) => admitted.size),
    consumed: total(runners, ({ consumed }) => consumed),
    refused: total(runners, ({ refused }) => refused),
    repeated: total(runners, ({ repeated }) => repeated),
    problems,
  };
}

async function when(condition, racing) {
  let isOver = false;
  void racing.then(() => (isOver = true));
  while (!condition() && !isOver) await sleep(2);
}

function total(runners, of) {
  return runners.reduce((sum, runner) => sum + of(runner), 0);
}

/** One account and the clients that use it. */
class Runner {
  #town;
  #random;
  #race;
  #events = 0;
  #isChanging = false;
  #deadline = performance.now() + DEADLINE_MS;
  log = new LimitLog();
  /** Quantities of what was admitted, by id. */
  admitted = new Map();
  /** Ids that were sent more than once: what became of an earlier sending nobody heard. */
  unsure = new Set();
  refused = 0;
  /** Of these, how many were told at the door for consuming. */
  consumed = 0;
  repeated = 0;

  constructor({ town, random, race }, account) {
    this.#town = town;
    this.#random = random;
    this.#race = race;
    this.account = account;
  }

  async open() {
    await makeAccount(this.#town, this.account);
    // One that will change begins high, so that there is use between what it was and what it is lowered to.
    await this.#limit(this.#race.units * (this.#race.changes > 0 ? 3 : 1));
  }

  async run() {
    const count = Math.max(2, Math.ceil(this.#race.clients / this.#race.accounts));
    this.#isChanging = this.#race.changes > 0;
    await Promise.all([this.#change(), ...Array.from({ length: count }, () => this.#client())]);
  }

  /** What differs from: exactly the limit was admitted, and what was admitted is what is stored. */
  async problems(client) {
    const { counted, events } = (await client.query(COUNTED, [this.account])).rows[0];
    const stored = new Map(events);
    const sum = [...stored.values()].reduce((all, each) => all + each, 0);
    const found = [];
    if (Number(counted) !== sum) found.push(`counted ${counted}, the events say ${sum}`);
    if (stored.size !== events.length) found.push(`${events.length - stored.size} events are stored twice`);
    for (const [id, quantity] of this.admitted) {
      if (stored.get(id) !== quantity)
        found.push(`${id}: ${quantity} was admitted, ${stored.get(id)} stored`);
    }
    for (const id of stored.keys()) {
      if (!this.admitted.has(id) && !this.unsure.has(id)) found.push(`${id} was refused and is stored`);
    }
    const { last, highest } = this.log;
    if (sum < last || sum > highest) found.push(`used ${sum} of ${last}, at most ${highest}`);
    return found.map((text) => `${this.account}: ${text}`);
  }

  #limit(limit) {
    return this.log.change(limit, () => limitTo(this.#town, this.account, limit));
  }

  /** Lowers and raises the limit while clients race; afterwards they go on until nothing is left of the last. */
  async #change() {
    const { units, changes } = this.#race;
    for (let i = 0; i < changes; i++) {
      await this.#limit(this.#random.between(units >> 2, units * 3));
      await sleep(this.#random.below(20));
    }
    this.#isChanging = false;
  }

  /** Takes smaller pieces when larger ones do not fit, and ends when nothing fits at all. */
  async #client() {
    for (let most = this.#race.most; ;) {
      const wasChanging = this.#isChanging;
      const uses = this.#uses(most);
      const words = await this.#deliver(uses);
      const isRefused = words.includes('refused');
      if (!isRefused) continue;
      const isOver = uses.some(({ quantity }, i) => quantity === 1 && words[i] === 'refused');
      if (isOver && !wasChanging) return;
      if (isOver) await sleep(this.#random.below(10));
      most = wasChanging ? this.#race.most : 1;
    }
  }

  #uses(most) {
    const count = this.#random.chance(this.#race.batches) ? this.#random.between(2, 8) : 1;
    const isConsumed = count === 1 && this.#town.hasConsume && this.#random.chance(0.5);
    return Array.from({ length: count }, () => ({
      id: `e${++this.#events}`,
      account: this.account,
      quantity: this.#random.between(1, most),
      isConsumed,
    }));
  }

  /** Sends until somebody says more than "not now"; whom it asks is chance. */
  async #deliver(uses) {
    for (let attempt = 0; ; attempt++) {
      if (performance.now() > this.#deadline) throw new Error(`${this.account}: no end of it`);
      const words = await this.#send(uses);
      if (words !== null && !words.includes('later')) {
        words.forEach((word, i) => this.#note(word, uses[i]));
        return words;
      }
      // Whoever says "not now" may have counted it, when it was the answer to the COMMIT that was lost.
      for (const { id } of uses) this.unsure.add(id);
      this.repeated += 1;
      await sleep(Math.min(5 * 2 ** attempt, 200) * (0.5 + this.#random.next()));
    }
  }

  async #send(uses) {
    const service = this.#town.pick(this.#random);
    const loseAfterMs = this.#random.chance(this.#race.lost) ? this.#random.below(15) : undefined;
    try {
      if (uses.length === 1) return [await this.#door(uses[0])(service, uses[0], loseAfterMs)];
      return await useMany(service, uses, loseAfterMs);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return null;
    }
  }

  /** The same use goes to the same door however often it is sent. */
  #door({ isConsumed }) {
    return isConsumed ? consumeOne : useOne;
  }

  #note(word, { id, quantity, isConsumed }) {
    if (word === 'admitted') this.admitted.set(id, quantity);
    else this.refused += 1;
    if (isConsumed) this.consumed += 1;
  }
}
