import Stripe from 'stripe';
import type { Chance } from './chance';
import { RULES } from './rules';
import type { StripeObject } from './stripe-object';
import type { World } from './world';

/** One message to one endpoint and how it fared. */
export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly type: string;
  readonly endpoint: string;
  readonly url: string;
  readonly body: string;
  readonly attempts: { at: number; status: number | null; error: string | null }[];
  /** Simulated time before which it is not sent. */
  dueAt: number;
  state: 'waiting' | 'delivered' | 'failed' | 'given-up' | 'dropped';
}

/** How deliveries misbehave; chances from 0 to 1. */
export interface WebhookBehaviour {
  /** `at-once` sends as soon as something happened, `held` waits for `deliver()`. */
  mode: 'at-once' | 'held';
  drop: number;
  duplicate: number;
  /** Whether held messages are sent in a shuffled order. */
  reorder: boolean;
  /** Seconds of simulated time by which a message is late, and how likely that is. */
  lateBy: number;
  late: number;
  /** The signature's time: the machine's, which the SDK compares with, or the simulated one. */
  signedAt: 'machine' | 'simulated';
}

const CALM: WebhookBehaviour = {
  mode: 'at-once',
  drop: 0,
  duplicate: 0,
  reorder: false,
  lateBy: 0,
  late: 0,
  signedAt: 'machine',
};

/** Sends events to the registered endpoints, signed by Stripe's own library, and writes down how that went. */
export class Webhooks {
  readonly log: Delivery[] = [];
  readonly #running = new Set<Promise<void>>();
  /** Only signs; it never calls anybody. */
  readonly #stripe = new Stripe('sk_test_signs_only');
  behaviour: WebhookBehaviour = { ...CALM };
  #serial = 0;

  constructor(
    private readonly world: World,
    private readonly chance: Chance,
  ) {
    world.onEvent((event) => this.#queue(event));
  }

  behave(behaviour: Partial<WebhookBehaviour>): void {
    this.behaviour = { ...CALM, ...behaviour };
  }

  /** Sends what is waiting and due, in order or shuffled, and waits until it is done. */
  async deliver(): Promise<void> {
    const now = this.world.clock.now();
    const due = this.log.filter((one) => isOpen(one) && one.dueAt <= now);
    for (const delivery of this.behaviour.reorder ? this.chance.shuffle(due) : due)
      await this.#send(delivery);
    await this.settled();
  }

  /** Sends an event again, whatever became of it before: to one endpoint, or to all that were to get it. */
  async resend(event: string, endpoint?: string): Promise<void> {
    const again = this.log.filter(
      (one) => one.event === event && (endpoint === undefined || one.endpoint === endpoint),
    );
    for (const delivery of new Map(again.map((one) => [one.endpoint, one])).values())
      await this.#send(delivery);
  }

  /** Tries everything that failed once more, whether it is due or not. */
  async retryFailed(): Promise<void> {
    for (const delivery of this.log.filter((one) => one.state === 'failed')) await this.#send(delivery);
  }

  /** Waits for what is on its way. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #queue(event: StripeObject): void {
    const thin = event.object === 'v2.core.event';
    const endpoints = this.world
      .all(thin ? 'v2.core.event_destination' : 'webhook_endpoint')
      .filter((one) => one.status === 'enabled' && wants(one, event));
    if (!thin) event.pending_webhooks = endpoints.length;
    for (const endpoint of endpoints) this.#add(endpoint, event);
  }

  #add(endpoint: StripeObject, event: StripeObject): void {
    const behaviour = this.behaviour;
    const late = behaviour.late > 0 && this.chance.next() < behaviour.late ? behaviour.lateBy : 0;
    const dropped = behaviour.drop > 0 && this.chance.next() < behaviour.drop;
    const copies = behaviour.duplicate > 0 && this.chance.next() < behaviour.duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.#serial += 1;
      const delivery: Delivery = {
        id: `wd_${this.#serial}`,
        event: event.id as string,
        type: event.type as string,
        endpoint: endpoint.id as string,
        url: (endpoint.url ?? endpoint._url) as string,
        body: JSON.stringify(event, null, 2),
        attempts: [],
        dueAt: this.world.clock.now() + late,
        state: dropped ? 'dropped' : 'waiting',
      };
      this.log.push(delivery);
      if (!dropped && late === 0 && behaviour.mode === 'at-once') void this.#send(delivery);
    }
  }

  #send(delivery: Delivery): Promise<void> {
    const sending = this.#post(delivery).finally(() => this.#running.delete(sending));
    this.#running.add(sending);
    return sending;
  }

  async #post(delivery: Delivery): Promise<void> {
    const attempt = {
      at: this.world.clock.now(),
      status: null as number | null,
      error: null as string | null,
    };
    delivery.attempts.push(attempt);
    try {
      const response = await fetch(delivery.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': this.signature(delivery),
        },
        body: delivery.body,
        redirect: 'manual',
        signal: AbortSignal.timeout(RULES.webhookTimeoutMs),
      });
      await response.arrayBuffer();
      attempt.status = response.status;
    } catch (error) {
      attempt.error = (error as Error).message;
    }
    if (attempt.status !== null && attempt.status >= 200 && attempt.status < 300)
      delivery.state = 'delivered';
    else this.#failed(delivery);
  }

  #failed(delivery: Delivery): void {
    const wait = RULES.webhookRetryAfter[delivery.attempts.length - 1];
    delivery.state = wait === undefined ? 'given-up' : 'failed';
    delivery.dueAt = this.world.clock.now() + (wait ?? 0);
  }

  /** The header under the endpoint's secret; while a secret is rolled, under both. */
  signature(delivery: Delivery): string {
    const endpoint = this.world.byId(delivery.endpoint);
    const secrets = (endpoint?._secrets ?? []) as string[];
    const machine = this.behaviour.signedAt === 'machine';
    const timestamp = machine ? Math.floor(Date.now() / 1000) : this.world.clock.now();
    const headers = secrets.map((secret) =>
      this.#stripe.webhooks.generateTestHeaderString({ payload: delivery.body, secret, timestamp }),
    );
    return headers.map((header, at) => (at === 0 ? header : header.replace(/^t=\d+,/, ''))).join(',');
  }
}

function isOpen(delivery: Delivery): boolean {
  return delivery.state === 'waiting' || delivery.state === 'failed';
}

function wants(endpoint: StripeObject, event: StripeObject): boolean {
  const types = endpoint.enabled_events as string[];
  return types.includes('*') || types.includes(event.type as string);
}
