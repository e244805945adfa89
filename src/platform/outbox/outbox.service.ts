import { Injectable } from '@nestjs/common';
import { DomainError } from '../../core/errors';
import { reachOf } from '../account-reach';
import { Audit } from '../audit/audit.service';
import type { Principal } from '../auth/principal';
import { decodeCursor, encodeCursor, pageOf, type Page } from '../doors/pagination';
import { Ids } from '../ids';
import { Database, type Sql } from '../transaction';
import { OutboxPosition, type ListOutbox } from './outbox.commands';
import { OutboxRepository, type ClaimedMessage, type ListedMessage } from './outbox.repository';

/** A promise to call the outside, written in the transaction of the change that makes it. */
export interface OutboxWrite {
  /** Which handler keeps it. */
  readonly topic: string;
  /** What causes it: the same cause twice is one promise. Unique within its account. */
  readonly key: string;
  /** JSON for the handler. */
  readonly payload: unknown;
  /** Whose; missing = the installation's own. */
  readonly account?: { readonly id: number; readonly bucket: number } | null;
  /** Not before; missing = at once. */
  readonly dueAt?: Date;
}

/** What a handler gets. It may be called again after a crash, so what it does must be keyed by `id` or `key`. */
export interface OutboxMessage extends Omit<ClaimedMessage, 'token'> {
  /** Says that the lease is about to end: whatever is under way has to stop. */
  readonly signal: AbortSignal;
}

/** Keeps a promise; to throw is to be called again later. */
export type OutboxHandler = (message: OutboxMessage) => Promise<unknown>;

/** How a topic is handled. */
export interface OutboxTopic {
  readonly handler: OutboxHandler;
  /** After so many failures in vain a message is parked. */
  readonly attempts: number;
}

/** Thrown by a handler when another attempt is of no use: the message is parked at once. */
export class Hopeless extends Error {}

/** With the backoff of the worker this is about two days. */
const DEFAULT_ATTEMPTS = 12;
const LIST = 'outbox';

/** Promises to call the outside: kept at least once, by whichever process comes to it. */
@Injectable()
export class Outbox {
  readonly #topics = new Map<string, OutboxTopic>();

  constructor(
    private readonly messages: OutboxRepository,
    private readonly ids: Ids,
    private readonly database: Database,
    private readonly audit: Audit,
  ) {}

  /** Writes a promise in the caller's transaction; its id, or null when the same cause had written one before. */
  async add(sql: Sql, write: OutboxWrite): Promise<string | null> {
    return (await this.addAll(sql, [write]))[0] ?? null;
  }

  /** The same for many; keys must be distinct within an account. The ids of those that are new, in no order. */
  async addAll(sql: Sql, writes: readonly OutboxWrite[]): Promise<string[]> {
    if (writes.length === 0) return [];
    const messages = writes.map(({ account, topic, key, payload, dueAt }) => ({
      ...{ id: this.ids.uuidv7(), bucket: account?.bucket ?? 0, accountId: account?.id ?? 0 },
      ...{ topic, key, payload, dueAt: dueAt ?? null },
    }));
    return this.messages.add(sql, messages);
  }

  /** Called by a module while it is being initialised. A process takes only messages of topics it can handle. */
  handle(topic: string, handler: OutboxHandler, { attempts = DEFAULT_ATTEMPTS } = {}): void {
    if (this.#topics.has(topic)) throw new Error(`the topic ${topic} has a handler already`);
    this.#topics.set(topic, { handler, attempts });
  }

  /** Every topic that this process can handle. */
  get topics(): ReadonlyMap<string, OutboxTopic> {
    return this.#topics;
  }

  /** The messages of one state the caller may see, newest first. */
  async list(caller: Principal, { limit, cursor, state }: ListOutbox): Promise<Page<ListedMessage>> {
    const before = cursor === undefined ? null : decodeCursor(LIST, OutboxPosition, cursor).id;
    const rows = await this.messages.list(limit + 1, { state, before, reach: reachOf(caller) });
    return pageOf(rows, limit, ({ id }) => encodeCursor(LIST, { id }));
  }

  /** Begins anew with a parked message. Throws `not-found`, and `failed-precondition` for one that is not parked. */
  async retry(caller: Principal, id: string): Promise<ListedMessage> {
    return this.database.transaction(async (tx) => {
      const before = await this.messages.find(id, reachOf(caller), tx);
      if (before === null) throw new DomainError('not-found', 'There is no such message');
      if (!(await this.messages.retry(tx, id))) {
        throw new DomainError('failed-precondition', 'Only a parked message can be tried again');
      }
      const { topic, key, last_error } = before;
      const entry = { action: 'outbox.retried', subject: `outbox:${id}`, before: { topic, key, last_error } };
      await this.audit.write(tx, { actor: caller, ...entry });
      return (await this.messages.find(id, null, tx))!;
    });
  }
}
