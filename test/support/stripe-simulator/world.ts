import { OwnerIndex, type OwnerField } from './owner-index';
import { SimulatedClock } from './simulated-clock';
import type { StripeObject } from './stripe-object';
import { missing } from './stripe-refusal';

/** What can be told to the simulator at its start. */
export interface WorldSettings {
  /** Seconds until a search finds what was written. Stripe says up to a minute. */
  searchDelay: number;
  /** Seconds until a meter's summaries count an event. */
  meterDelay: number;
  /** What becomes of a subscription whose automatic payments are exhausted. */
  afterRetries: 'canceled' | 'unpaid' | 'past_due';
  /** Countries the merchant is registered in for automatic tax, and the percentage the simulator takes there. */
  taxRegistrations: Record<string, number>;
}

export const DEFAULT_SETTINGS: WorldSettings = {
  searchDelay: 60,
  meterDelay: 0,
  afterRetries: 'canceled',
  taxRegistrations: { AT: 20, CH: 8.1, DE: 19, FR: 20, GB: 20, US: 8 },
};

/** Everything the simulated Stripe remembers. */
export class World {
  readonly tables = new Map<string, Map<string, StripeObject>>();
  readonly #byId = new Map<string, StripeObject>();
  readonly #owned = new OwnerIndex();
  readonly #listeners: ((event: StripeObject) => void)[] = [];
  readonly #writers: ((object: StripeObject) => void)[] = [];
  #serial = 0;
  /** While work that fell due earlier is done, the moment it fell due. */
  #moment: number | null = null;
  /** The request that is being answered, for its events. */
  request: { id: string | null; idempotency_key: string | null } = { id: null, idempotency_key: null };

  constructor(
    readonly clock = new SimulatedClock(),
    readonly settings: WorldSettings = { ...DEFAULT_SETTINGS },
  ) {}

  /** Seconds of Unix time, on a test clock or, without one, on the simulator's. */
  now(testClock?: string | null): number {
    if (this.#moment !== null) return this.#moment;
    if (!testClock) return this.clock.now();
    return (this.find('test_helpers.test_clock', testClock)?.frozen_time as number) ?? this.clock.now();
  }

  /** The time that counts for whatever belongs to a customer. */
  nowFor(object: StripeObject): number {
    return this.now((object.test_clock ?? object._clock) as string | null);
  }

  /** Does work as of the moment it fell due. */
  at<T>(moment: number, work: () => T): T {
    const before = this.#moment;
    this.#moment = moment;
    try {
      return work();
    } finally {
      this.#moment = before;
    }
  }

  /** `cus_sim000000001a`: counted, so that two runs of the same requests give the same ids. */
  id(prefix: string): string {
    this.#serial += 1;
    return `${prefix}_sim${this.#serial.toString(36).padStart(11, '0')}`;
  }

  save<T extends StripeObject>(object: T): T {
    const kind = object.object as string;
    let table = this.tables.get(kind);
    if (!table) this.tables.set(kind, (table = new Map()));
    table.set(object.id as string, object);
    this.#byId.set(object.id as string, object);
    this.#owned.put(object);
    for (const writer of this.#writers) writer(object);
    return object;
  }

  remove(object: StripeObject): void {
    this.tables.get(object.object as string)?.delete(object.id as string);
    this.#byId.delete(object.id as string);
    this.#owned.drop(object);
  }

  /** The objects of a kind whose field names this owner, in the order they were made. */
  owned(kind: string, field: OwnerField, owner: StripeObject): StripeObject[] {
    return this.#owned.of(kind, field, owner.id as string);
  }

  find(kind: string, id: string): StripeObject | undefined {
    return this.tables.get(kind)?.get(id);
  }

  byId(id: string): StripeObject | undefined {
    return this.#byId.get(id);
  }

  /** In the order they were made. */
  all(kind: string): StripeObject[] {
    return [...(this.tables.get(kind)?.values() ?? [])];
  }

  /** The object a path names. @throws StripeRefusal 404 resource_missing */
  need(kind: string, id: string, param = 'id'): StripeObject {
    const found = this.find(kind, id);
    if (!found || found._deleted) throw missing(kind.replace(/^.*\./, ''), id, param);
    return found;
  }

  /** The object a parameter names. @throws StripeRefusal 400 resource_missing */
  named(kind: string, id: string, param: string): StripeObject {
    const found = this.find(kind, id);
    if (!found || found._deleted) throw missing(kind.replace(/^.*\./, ''), id, param, 400);
    return found;
  }

  /** Hears of every event, snapshot and thin. */
  onEvent(listener: (event: StripeObject) => void): void {
    this.#listeners.push(listener);
  }

  /** Hears of every object that is written. */
  onWrite(writer: (object: StripeObject) => void): void {
    this.#writers.push(writer);
  }

  tell(event: StripeObject): void {
    for (const listener of this.#listeners) listener(event);
  }
}
