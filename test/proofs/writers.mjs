import { setTimeout as sleep } from 'node:timers/promises';
import { call, callJson, MeteringClient, NoAnswer } from './clients.mjs';
import { toMessage } from './load.mjs';

const TAKEN = new Set(['recorded', 'duplicate', 'VERDICT_STATUS_RECORDED', 'VERDICT_STATUS_DUPLICATE']);

/**
 * Clients that behave as clients should: what was not acknowledged is sent again, unchanged, until it is. Whatever the
 * service says that it must not say ends up in `wrong`.
 */
export class Writers {
  #load;
  #random;
  #services;
  #grpc;
  #running = true;
  #loops = [];
  wrong = [];
  figures = { requests: 0, repeated: 0, refusedForNow: 0, withoutAnswer: 0, duplicates: 0, corrections: 0 };

  constructor({ load, random, services }) {
    this.#load = load;
    this.#random = random;
    this.#services = services;
    this.#grpc = services.map((service) => new MeteringClient(service.grpc));
  }

  start({ singles, batches, calls }) {
    const many = (count, turn) => {
      for (let i = 0; i < count; i++) this.#loops.push(this.#loop(turn));
    };
    many(singles, () => this.#single());
    many(batches, () => this.#batch());
    many(calls, () => this.#call());
    many(1, () => this.#repeat());
    many(1, () => this.#contradict());
    many(1, () => this.#correct());
  }

  /** Lets everything under way be acknowledged, then ends. */
  async finish() {
    this.#running = false;
    await Promise.all(this.#loops);
    for (const client of this.#grpc) client.close();
  }

  async #loop(turn) {
    while (this.#running) await turn();
  }

  async #single() {
    const event = this.#load.event();
    const { body, status } = await this.#deliver((to) =>
      callJson(to.rest, { path: '/api/v1/events', body: event }),
    );
    if (status !== 200 && status !== 201) return this.#complain('single', status, body);
    this.#taken([event], [body]);
  }

  async #batch() {
    const size = this.#random.between(100, 1_000);
    const onlyAmounts = this.#random.chance(0.7);
    const events = Array.from({ length: size }, () => this.#load.event(onlyAmounts));
    // Some clients repeat themselves within one request.
    const bodies = this.#random.chance(0.3) ? [...events, ...events.slice(0, 20)] : events;
    const { body, status } = await this.#deliver((to) =>
      callJson(to.rest, { path: '/api/v1/events', body: { events: bodies } }),
    );
    if (status !== 200) return this.#complain('batch', status, body);
    this.#taken(bodies, body.verdicts);
  }

  async #call() {
    const events = Array.from({ length: this.#random.between(1, 50) }, () => this.#load.event());
    const message = { events: events.map(toMessage) };
    const answer = await this.#deliver((_, i) => this.#grpc[i].recordEvents(message));
    this.#taken(events, answer.verdicts ?? []);
  }

  /** The same again, long after it was acknowledged. */
  async #repeat() {
    const event = this.#load.recent();
    if (event === undefined) return sleep(50);
    const { body, status } = await this.#deliver((to) =>
      callJson(to.rest, { path: '/api/v1/events', body: event }),
    );
    // After a lost connection a group cannot know whether a known key is its own: both words mean that it is there.
    if (!TAKEN.has(body.status)) this.#complain('repeat', status, body);
    this.figures.duplicates += 1;
    return sleep(5);
  }

  /** The same id with other content must never replace the first. */
  async #contradict() {
    const event = this.#load.recent();
    if (event === undefined) return sleep(50);
    const other = { ...event, resource: `other-${event.resource ?? ''}` };
    const { status, text } = await this.#deliver((to) =>
      call(to.rest, { path: '/api/v1/events', body: JSON.stringify(other) }),
    );
    if (status !== 409) this.#complain('contradiction', status, text);
    return sleep(20);
  }

  /** Takes an event back, or replaces its quantity. */
  async #correct() {
    const event = this.#load.takeRecent();
    if (event === undefined) return sleep(50);
    const { id, account } = event;
    const kind = event.quantity !== undefined && this.#random.chance(0.5) ? 'amend' : 'void';
    const correction = { kind, id: `${kind} ${id}`, account, target: { id } };
    if (kind === 'amend') correction.quantity = String(this.#random.below(40));
    const { status, body } = await this.#deliver((to) =>
      callJson(to.rest, { path: '/api/v1/events', body: correction }),
    );
    if (status !== 200 && status !== 201) return this.#complain('correction', status, body);
    this.figures.corrections += 1;
    return sleep(10);
  }

  /** Sends until somebody says more than "not now". */
  async #deliver(send) {
    for (let attempt = 0; ; attempt++) {
      const i = this.#random.below(this.#services.length);
      this.figures.requests += 1;
      if (attempt > 0) this.figures.repeated += 1;
      try {
        const answer = await send(this.#services[i], i);
        if (answer.status !== 503) return answer;
        this.figures.refusedForNow += 1;
        if (!answer.headers['retry-after']) this.#complain('refusal without Retry-After', 503, answer.body);
      } catch (error) {
        if (!(error instanceof NoAnswer)) this.#complain('call', error.code, error.details ?? error.message);
        this.figures.withoutAnswer += 1;
      }
      await sleep(Math.min(20 * 2 ** attempt, 300) * (0.5 + this.#random.next()));
    }
  }

  #taken(events, verdicts) {
    const bad = verdicts.filter(({ status }) => !TAKEN.has(status));
    if (bad.length > 0 || verdicts.length !== events.length)
      this.#complain('verdicts', verdicts.length, bad[0]);
    else this.#load.acknowledge(events);
  }

  #complain(what, status, body) {
    if (this.wrong.length >= 50) return;
    // What the services last wrote tells what a wrong answer came from.
    const logs = this.wrong.length < 3 ? this.#services.map(({ output }) => output.slice(-2_000)) : [];
    this.wrong.push({ what, status, body, logs });
  }
}
