import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import type { AccountRef } from '../core/account';
import { Clock } from '../platform/clock';
import { CONFIG, type Config } from '../platform/config';
import { Outbox, type OutboxMessage } from '../platform/outbox/outbox.service';
import { Database, type Sql } from '../platform/transaction';
import { sendWebhook } from '../platform/webhooks/webhook-sender';
import { BudgetAlertRepository, type PendingAlert, type ToldAlert } from './budget-alert.repository';
import { budgetAlertSignature } from './budget-alert-signature';
import { toAlertCall } from './budget.wire';

const TOPIC = 'budget-alert';
/** With the backoff of the outbox this is more than a month: an alert is given up only when nobody will ever hear it. */
const ATTEMPTS = 80;
const PAGE = 1_000;
const BEFORE_ALL: PendingAlert = { bucket: -1, accountId: -1, id: '00000000-0000-0000-0000-000000000000' };
const MAX_ERROR_LENGTH = 500;
/** The address is the operator's own and usually inside of his network; a stranger has no say in it. */
const RULES = { allowHttp: true, allowPrivate: true };

const Promised = z.object({ alert: z.uuid() });

/** Tells the configured receiver of alerts, at least once each, always under the same id and in the same words. */
@Injectable()
export class BudgetAlertDelivery implements OnModuleInit {
  readonly #receiver: { readonly url: string; readonly secret: string } | null;

  constructor(
    private readonly alerts: BudgetAlertRepository,
    private readonly outbox: Outbox,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Pick<Config, 'budgetAlertUrl' | 'budgetAlertSecret'>,
  ) {
    const { budgetAlertUrl: url, budgetAlertSecret: secret } = config;
    this.#receiver = url === null || secret === null ? null : { url, secret };
  }

  onModuleInit(): void {
    if (this.#receiver === null) return;
    this.outbox.handle(TOPIC, (message) => this.#keep(message), { attempts: ATTEMPTS });
  }

  /** Promises in the caller's transaction to tell of alerts. Without a receiver nothing is promised and they stay pending. */
  async promise(
    sql: Sql,
    alerts: readonly { readonly id: string; readonly account: AccountRef }[],
  ): Promise<void> {
    if (this.#receiver === null) return;
    const writes = alerts.map(({ id, account }) => ({
      ...{ topic: TOPIC, key: `${TOPIC}/${id}`, payload: { alert: id }, account },
    }));
    await this.outbox.addAll(sql, writes);
  }

  /** Promises what was left pending while there was no receiver; what is promised already is one promise. */
  async promisePending(): Promise<void> {
    if (this.#receiver === null) return;
    for (let after = BEFORE_ALL; ;) {
      const page = await this.alerts.pending(after, PAGE);
      const alerts = page.map(({ id, bucket, accountId }) => ({ id, account: { id: accountId, bucket } }));
      await this.promise(this.database, alerts);
      if (page.length < PAGE) return;
      after = page.at(-1)!;
    }
  }

  /** One attempt. To throw is to be called again. */
  async #keep(message: OutboxMessage): Promise<void> {
    const which = { bucket: message.bucket, accountId: message.accountId };
    const alert = await this.alerts.find({ ...which, id: Promised.parse(message.payload).alert });
    if (alert === null || alert.dispatchedAt !== null) return;
    try {
      await this.#send(alert, message.signal);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      await this.alerts.note({ ...which, id: alert.id }, { error: words.slice(0, MAX_ERROR_LENGTH) });
      throw error;
    }
    await this.alerts.note({ ...which, id: alert.id }, { deliveredAt: this.clock.now() });
  }

  /** A redirect is not followed, so an answer of 3xx has told nobody anything. */
  async #send(alert: ToldAlert, signal: AbortSignal): Promise<void> {
    const { url, secret } = this.#receiver!;
    const body = JSON.stringify(toAlertCall(alert));
    const at = Math.floor(this.clock.now().getTime() / 1_000);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Tallyhouse',
      'x-madfam-signature': budgetAlertSignature(secret, { at, body }),
    };
    const status = await sendWebhook({ url, headers, body, signal }, RULES);
    if (status >= 300) throw new Error(`the receiver answered ${status}`);
  }
}
