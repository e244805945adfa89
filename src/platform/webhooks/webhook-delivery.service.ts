import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Histogram } from 'prom-client';
import { z } from 'zod';
import { takesType } from '../../core/event-type';
import { Audit } from '../audit/audit.service';
import type { Principal } from '../auth/principal';
import {
  BillingEventRepository,
  type BillingEvent,
  type NewBillingEvent,
} from '../billing-events/billing-event.repository';
import { BillingEvents } from '../billing-events/billing-events.service';
import { Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { Ids } from '../ids';
import { once } from '../metrics';
import { Outbox, type OutboxMessage } from '../outbox/outbox.service';
import { Database, type Sql } from '../transaction';
import { DeliveryRepository } from './delivery.repository';
import type { ReplayWebhook } from './webhook.commands';
import { WebhookEndpointRepository, type StoredEndpoint } from './webhook.repository';
import { sendWebhook } from './webhook-sender';
import { webhookSignature } from './webhook-signature';
import { Webhooks } from './webhooks.service';

const TOPIC = 'webhook';
/** What a call in the outbox carries: names only, so that it is made of what is true when its turn comes. */
const Promised = z.object({ endpoint: z.uuid(), event: z.uuid() });

/** So many events are replayed by one request; what is left is named in its answer. */
const MAX_REPLAYED = 10_000;
const PAGE = 1_000;
const GONE = 410;

const SECONDS = 'tallyhouse_webhook_seconds';
const BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a replay did: how many calls are due, and the first event it left for another request. */
export interface Replay {
  readonly queued: number;
  readonly next: string | null;
}

/** Tells endpoints of billing events: promised with the event, kept by the outbox, every attempt written down. */
@Injectable()
export class WebhookDelivery implements OnModuleInit {
  readonly #rules: { allowHttp: boolean; allowPrivate: boolean };
  readonly #seconds = once(SECONDS, () => {
    const help = 'Seconds an attempt to tell an endpoint took; delivered, refused by it, or unanswered';
    return new Histogram({ name: SECONDS, help, labelNames: ['outcome'], buckets: BUCKETS });
  });

  constructor(
    private readonly endpoints: WebhookEndpointRepository,
    private readonly webhooks: Webhooks,
    private readonly deliveries: DeliveryRepository,
    private readonly stored: BillingEventRepository,
    private readonly events: BillingEvents,
    private readonly outbox: Outbox,
    private readonly database: Database,
    private readonly audit: Audit,
    private readonly ids: Ids,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Pick<Config, 'webhookAllowHttp' | 'webhookAllowPrivate'>,
  ) {
    this.#rules = { allowHttp: config.webhookAllowHttp, allowPrivate: config.webhookAllowPrivate };
  }

  onModuleInit(): void {
    this.events.listen((sql, events) => this.#promise(sql, events));
    this.outbox.handle(TOPIC, (message) => this.#keep(message));
  }

  /** Tells the endpoint again of events it takes. Throws `not-found` for an unknown endpoint. */
  async replay(caller: Principal, id: string, wanted: ReplayWebhook): Promise<Replay> {
    const endpoint = await this.webhooks.get(caller, id);
    const replay = this.ids.uuidv7();
    await this.database.transaction((tx) =>
      this.audit.write(tx, {
        ...{ actor: caller, action: 'webhook-endpoint.replayed', subject: `webhook-endpoint:${id}` },
        after: { replay, ...wanted },
      }),
    );
    if (wanted.events !== undefined) {
      const events = await this.stored.findAll(wanted.events);
      return { queued: await this.#queue(endpoint, replay, events), next: null };
    }
    return this.#replayFrom(endpoint, replay, wanted.from!);
  }

  async #replayFrom(endpoint: StoredEndpoint, replay: string, from: string): Promise<Replay> {
    let [queued, looked, next] = [0, 0, from];
    while (looked < MAX_REPLAYED) {
      const events = await this.stored.from(next, PAGE + 1);
      queued += await this.#queue(endpoint, replay, events.slice(0, PAGE));
      looked += PAGE;
      if (events.length <= PAGE) return { queued, next: null };
      next = events[PAGE]!.id;
    }
    return { queued, next };
  }

  async #queue(endpoint: StoredEndpoint, replay: string, events: readonly BillingEvent[]): Promise<number> {
    const taken = events.filter(({ type }) => takesType(endpoint.types, type));
    const calls = taken.map((event) => callTo(endpoint.id, event, `/replay/${replay}`));
    return (await this.outbox.addAll(this.database, calls)).length;
  }

  /** In the transaction of the events: whoever is to hear of them has a call in the outbox, or they did not happen. */
  async #promise(sql: Sql, events: readonly NewBillingEvent[]): Promise<void> {
    const endpoints = await this.endpoints.enabled(sql);
    const calls = endpoints.flatMap(({ id, types }) =>
      events.filter(({ type }) => takesType(types, type)).map((event) => callTo(id, event)),
    );
    await this.outbox.addAll(sql, calls);
  }

  /** One attempt. To throw is to be called again; an endpoint that is gone or disabled is owed nothing. */
  async #keep(message: OutboxMessage): Promise<void> {
    const promised = Promised.parse(message.payload);
    const endpoint = await this.endpoints.find(promised.endpoint);
    const event = await this.stored.find({ ...message, id: promised.event });
    if (!endpoint?.enabled || event === null) return;
    const status = await this.#attempt(message, endpoint, event);
    if (status === GONE) return this.webhooks.disable(endpoint.id, 'the endpoint answered 410 Gone');
    if (!isSuccess(status)) throw new Error(`the endpoint answered ${status}`);
  }

  async #attempt(message: OutboxMessage, endpoint: StoredEndpoint, event: BillingEvent): Promise<number> {
    const startedAt = performance.now();
    const written = (statusCode: number | null, error: string | null) => {
      const durationMs = Math.round(performance.now() - startedAt);
      this.#seconds.observe({ outcome: outcomeOf(statusCode) }, durationMs / 1_000);
      return this.deliveries.add({
        ...{ id: this.ids.uuidv7(), bucket: message.bucket, accountId: message.accountId },
        ...{ endpointId: endpoint.id, eventId: event.id, attempt: message.attempt, statusCode, error },
        durationMs,
      });
    };
    const status = await this.#send(endpoint, event, message.signal).catch(async (error: unknown) => {
      await written(null, error instanceof Error ? error.message : String(error));
      throw error;
    });
    await written(status, null);
    return status;
  }

  /** The id is the event's and stays the same in every attempt; the time is that of the attempt. */
  async #send(endpoint: StoredEndpoint, event: BillingEvent, signal: AbortSignal): Promise<number> {
    const { id, account, type, data } = event;
    const body = JSON.stringify({ id, type, timestamp: event.at.toISOString(), account, data });
    const timestamp = Math.floor(this.clock.now().getTime() / 1_000);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Tallyhouse',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': webhookSignature(this.webhooks.secretsOf(endpoint), { id, timestamp, body }),
    };
    return sendWebhook({ url: endpoint.url, headers, body, signal }, this.#rules);
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

function outcomeOf(status: number | null): 'delivered' | 'refused' | 'unanswered' {
  if (status === null) return 'unanswered';
  return isSuccess(status) ? 'delivered' : 'refused';
}

function callTo(
  endpoint: string,
  { id, bucket, accountId }: Pick<BillingEvent, 'id' | 'bucket' | 'accountId'>,
  suffix = '',
) {
  const account = { id: accountId, bucket };
  return {
    topic: TOPIC,
    key: `${TOPIC}/${endpoint}/${id}${suffix}`,
    payload: { endpoint, event: id },
    account,
  };
}
