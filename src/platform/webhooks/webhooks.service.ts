import { Inject, Injectable } from '@nestjs/common';
import { DomainError, invalid } from '../../core/errors';
import { webhookUrlProblem } from '../../core/webhook-url';
import { Audit } from '../audit/audit.service';
import { requireEveryAccount, type Principal } from '../auth/principal';
import { Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { decodeCursor, encodeCursor, pageOf, type Page } from '../doors/pagination';
import { Ids } from '../ids';
import { SecretBox } from '../secret-box';
import { Database, type Sql } from '../transaction';
import { DeliveryRepository, type ListedDelivery } from './delivery.repository';
import {
  WebhookPosition,
  type CreateWebhook,
  type ListWebhooks,
  type UpdateWebhook,
} from './webhook.commands';
import { WebhookEndpointRepository, type StoredEndpoint } from './webhook.repository';
import { webhookSecret } from './webhook-signature';

/** An endpoint with the secret its reader needs; the one moment it is shown. */
export interface EndpointWithSecret extends StoredEndpoint {
  readonly secretText: string;
}

const SECRET_BYTES = 32;
/** How long the secret before goes on signing, so that a reader can change his at leisure. */
const ROTATION_MS = 24 * 3_600_000;
const ENDPOINTS = 'webhook-endpoints';
const DELIVERIES = 'webhook-deliveries';

/** Who is told about billing events. An endpoint hears of every account, so only who acts for all may manage one. */
@Injectable()
export class Webhooks {
  readonly #rules: { allowHttp: boolean; allowPrivate: boolean };

  constructor(
    private readonly endpoints: WebhookEndpointRepository,
    private readonly deliveries: DeliveryRepository,
    private readonly database: Database,
    private readonly audit: Audit,
    private readonly box: SecretBox,
    private readonly ids: Ids,
    private readonly clock: Clock,
    @Inject(CONFIG) config: Pick<Config, 'webhookAllowHttp' | 'webhookAllowPrivate'>,
  ) {
    this.#rules = { allowHttp: config.webhookAllowHttp, allowPrivate: config.webhookAllowPrivate };
  }

  /** Makes an endpoint with a new secret. Throws `invalid-argument` on `url` for one that must not be called. */
  async create(caller: Principal, { url, description, types }: CreateWebhook): Promise<EndpointWithSecret> {
    requireEveryAccount(caller);
    this.#mustBeCallable(url);
    const id = this.ids.uuidv7();
    const secretText = webhookSecret(this.ids.random(SECRET_BYTES));
    const secret = this.box.seal(secretText, placeOf(id));
    const rest = { previous_secret: null, previous_until: null, enabled: true, disabled_reason: null };
    return this.database.transaction(async (tx) => {
      const made = await this.endpoints.insert(tx, { id, url, description, types, secret, ...rest });
      await this.#tell(tx, caller, { action: 'webhook-endpoint.created', before: null, after: made });
      return { ...made, secretText };
    });
  }

  /** Newest first. */
  async list(caller: Principal, { limit, cursor }: ListWebhooks): Promise<Page<StoredEndpoint>> {
    requireEveryAccount(caller);
    const before = cursor === undefined ? null : decodeCursor(ENDPOINTS, WebhookPosition, cursor).id;
    const rows = await this.endpoints.list(limit + 1, before);
    return pageOf(rows, limit, ({ id }) => encodeCursor(ENDPOINTS, { id }));
  }

  async get(caller: Principal, id: string): Promise<StoredEndpoint> {
    requireEveryAccount(caller);
    return found(await this.endpoints.find(id));
  }

  /** Changes what is given. Enabling an endpoint forgets why it was disabled; what it missed meanwhile can be replayed. */
  async update(caller: Principal, id: string, change: UpdateWebhook): Promise<StoredEndpoint> {
    requireEveryAccount(caller);
    if (change.url !== undefined) this.#mustBeCallable(change.url);
    return this.database.transaction(async (tx) => {
      const before = found(await this.endpoints.lock(tx, id));
      const wanted = { ...before, ...change };
      const disabled_reason = wanted.enabled ? null : (before.disabled_reason ?? 'disabled by hand');
      const after = await this.endpoints.update(tx, id, { ...wanted, disabled_reason });
      await this.#tell(tx, caller, { action: 'webhook-endpoint.changed', before, after });
      return after;
    });
  }

  /** Removes an endpoint; what is still due to it is dropped when its turn comes. */
  async remove(caller: Principal, id: string): Promise<void> {
    requireEveryAccount(caller);
    await this.database.transaction(async (tx) => {
      const before = found(await this.endpoints.lock(tx, id));
      await this.endpoints.remove(tx, id);
      await this.#tell(tx, caller, { action: 'webhook-endpoint.removed', before, after: null });
    });
  }

  /** Gives the endpoint a new secret; for a day everything is signed with the old one as well. */
  async rotateSecret(caller: Principal, id: string): Promise<EndpointWithSecret> {
    requireEveryAccount(caller);
    const secretText = webhookSecret(this.ids.random(SECRET_BYTES));
    const secret = this.box.seal(secretText, placeOf(id));
    const previous_until = new Date(this.clock.now().getTime() + ROTATION_MS);
    return this.database.transaction(async (tx) => {
      const before = found(await this.endpoints.lock(tx, id));
      const wanted = { ...before, secret, previous_secret: before.secret, previous_until };
      const after = await this.endpoints.rotate(tx, wanted);
      await this.#tell(tx, caller, { action: 'webhook-endpoint.secret-rotated', before, after });
      return { ...after, secretText };
    });
  }

  /** Attempts to tell the endpoint, newest first. */
  async deliveriesOf(
    caller: Principal,
    id: string,
    { limit, cursor }: ListWebhooks,
  ): Promise<Page<ListedDelivery>> {
    await this.get(caller, id);
    const before = cursor === undefined ? null : decodeCursor(DELIVERIES, WebhookPosition, cursor).id;
    const rows = await this.deliveries.list(id, limit + 1, before);
    return pageOf(rows, limit, (last) => encodeCursor(DELIVERIES, { id: last.id }));
  }

  /** What a call to the endpoint is signed with now: its secret, and the one before while that still holds. */
  secretsOf({ id, secret, previous_secret, previous_until }: StoredEndpoint): string[] {
    const isOver = previous_until === null || previous_until <= this.clock.now();
    const stored = previous_secret === null || isOver ? [secret] : [secret, previous_secret];
    return stored.map((one) => this.box.open(one, placeOf(id)));
  }

  /** Calls the endpoint no more, by decision of the service itself; once is enough. */
  async disable(id: string, reason: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await this.endpoints.lock(tx, id);
      if (!before?.enabled) return;
      const after = await this.endpoints.update(tx, id, {
        ...before,
        ...{ enabled: false, disabled_reason: reason },
      });
      await this.#tell(tx, 'webhooks', { action: 'webhook-endpoint.disabled', before, after, reason });
    });
  }

  #mustBeCallable(url: string): void {
    const problem = webhookUrlProblem(new URL(url), this.#rules);
    if (problem !== null) throw invalid('url', problem);
  }

  async #tell(
    tx: Sql,
    actor: Principal | string,
    { action, before, after, reason }: EndpointChange,
  ): Promise<void> {
    const subject = `webhook-endpoint:${(before ?? after)!.id}`;
    const change = { before: before && audited(before), after: after && audited(after), reason };
    await this.audit.write(tx, { actor, action, subject, ...change });
  }
}

interface EndpointChange {
  readonly action: string;
  readonly before: StoredEndpoint | null;
  readonly after: StoredEndpoint | null;
  readonly reason?: string;
}

/** Where a secret belongs: elsewhere it cannot be opened. */
function placeOf(id: string): string {
  return `webhook_endpoint/${id}/secret`;
}

/** What the audit trail keeps of an endpoint: everything but its secrets. */
function audited({
  url,
  description,
  types,
  enabled,
  disabled_reason,
  previous_until,
}: StoredEndpoint): object {
  return { url, description, types, enabled, disabled_reason, previous_until };
}

function found(endpoint: StoredEndpoint | null): StoredEndpoint {
  if (endpoint === null) throw new DomainError('not-found', 'There is no such webhook endpoint');
  return endpoint;
}
