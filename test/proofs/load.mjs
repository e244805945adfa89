const HOUR = 3_600_000;
const ACCOUNTS = 20;

/** The meters of the load: added up, a maximum, distinct values, and a level that holds. */
export const METERS = {
  proof_sum: { aggregation: 'sum', event_types: ['proof.amount'], dimensions: ['region'] },
  proof_max: { aggregation: 'max', event_types: ['proof.amount'] },
  proof_unique: { aggregation: 'unique', event_types: ['proof.visit'], value_property: 'visitor' },
  proof_gauge: { aggregation: 'gauge_integral', event_types: ['proof.level'] },
};

/**
 * Makes events as a client would, and remembers every id it ever sent: `null` = sent, otherwise acknowledged. An event is
 * `{ id, account, type, quantity?, resource?, occurred_at?, properties? }`, the body of the native door.
 */
export class Load {
  #random;
  #count = 0;
  /** id → whether it was acknowledged. */
  sent = new Map();
  acknowledged = 0;
  /** Recent acknowledged events, for repeats and corrections. */
  #recent = [];

  constructor(random) {
    this.#random = random;
  }

  /** A new event; `onlyAmounts` makes one that a group can store in one statement. */
  event(onlyAmounts = false) {
    const random = this.#random;
    const kind = onlyAmounts ? 'amount' : random.weighted({ amount: 8, visit: 1, level: 1 });
    const event = { id: this.#id(), account: `org:proof-${random.below(ACCOUNTS)}`, ...this[kind]() };
    // Half of the times are ours to fill in, the others come late and in no order.
    if (random.chance(0.5)) event.occurred_at = new Date(Date.now() - random.below(48 * HOUR)).toISOString();
    this.sent.set(event.id, false);
    return event;
  }

  amount() {
    const random = this.#random;
    const quantity = `${random.below(1_000)}.${String(random.below(1_000_000)).padStart(6, '0')}`;
    return { type: 'proof.amount', quantity, properties: { region: random.pick(['eu', 'us', 'ap']) } };
  }

  visit() {
    return { type: 'proof.visit', properties: { visitor: `v${this.#random.below(300)}` } };
  }

  level() {
    const random = this.#random;
    return { type: 'proof.level', resource: `r${random.below(8)}`, quantity: String(random.below(50)) };
  }

  /** A UUIDv7, which the service stores by its time, or a text it cannot read anything out of. */
  #id() {
    this.#count += 1;
    return this.#random.chance(0.5)
      ? this.#random.uuidv7(Date.now())
      : `proof-${this.#count}-${this.#random.hex(12)}`;
  }

  /** Called with what the service said yes to. */
  acknowledge(events) {
    for (const event of events) {
      if (this.sent.get(event.id) === true) continue;
      this.sent.set(event.id, true);
      this.acknowledged += 1;
      if (this.#random.chance(0.05)) this.#recent.push(event);
    }
    if (this.#recent.length > 5_000) this.#recent.splice(0, 1_000);
  }

  /** An event the service has said yes to before, or undefined. */
  recent() {
    return this.#recent[this.#random.below(this.#recent.length)];
  }

  /** One to be corrected: it is given out once. */
  takeRecent() {
    if (this.#recent.length < 100) return undefined;
    return this.#recent.splice(this.#random.below(this.#recent.length), 1)[0];
  }
}

/** An event of the native door as metering.v1 carries it. */
export function toMessage({ occurred_at: occurredAt, properties, ...rest }) {
  const at = occurredAt === undefined ? undefined : Date.parse(occurredAt);
  const fields = Object.entries(properties ?? {}).map(([name, stringValue]) => [name, { stringValue }]);
  return {
    ...rest,
    ...(at === undefined
      ? {}
      : { occurredAt: { seconds: String(Math.floor(at / 1_000)), nanos: (at % 1_000) * 1_000_000 } }),
    ...(properties === undefined ? {} : { properties: { fields: Object.fromEntries(fields) } }),
  };
}
