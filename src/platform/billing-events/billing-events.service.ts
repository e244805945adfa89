import { Injectable } from '@nestjs/common';
import { EVENT_TYPE_PATTERN } from '../../core/event-type';
import { reachOf } from '../account-reach';
import { requireAccount, type Principal } from '../auth/principal';
import { decodeCursor, encodeCursor, pageOf, type Page } from '../doors/pagination';
import { Ids } from '../ids';
import type { Sql } from '../transaction';
import { BillingEventPosition, type ListBillingEvents } from './billing-event.commands';
import { BillingEventRepository, type BillingEvent, type NewBillingEvent } from './billing-event.repository';

/** Something commercially notable, as the module that makes it happen tells it. */
export interface BillingEventWrite {
  /** Such as `invoice.paid`. */
  readonly type: string;
  /** What it is about, such as `invoice:<id>:paid`: the same key of the same account is one event. */
  readonly key: string;
  /** What its readers need; amounts as text. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Whom it happened to. */
export interface EventAccount {
  readonly id: number;
  readonly bucket: number;
}

/** Told of events in the transaction that records them, and only of those that are new. */
export type BillingEventListener = (sql: Sql, events: readonly NewBillingEvent[]) => Promise<void>;

const LIST = 'billing-events';
const TYPE = new RegExp(EVENT_TYPE_PATTERN);

/** What happened that is commercially notable: recorded once, kept for ever, told to whoever asked to be. */
@Injectable()
export class BillingEvents {
  readonly #listeners: BillingEventListener[] = [];

  constructor(
    private readonly events: BillingEventRepository,
    private readonly ids: Ids,
  ) {}

  /** Called by a module while it is being initialised. What a listener throws undoes the transaction. */
  listen(listener: BillingEventListener): void {
    this.#listeners.push(listener);
  }

  /** Records an event in the caller's transaction; its id, or null when it had been told before. */
  async emit(sql: Sql, account: EventAccount, write: BillingEventWrite): Promise<string | null> {
    return (await this.emitAll(sql, [{ account, ...write }]))[0] ?? null;
  }

  /** The same for many; keys must be distinct within an account. The ids of those that are new, in no order. */
  async emitAll(
    sql: Sql,
    writes: readonly (BillingEventWrite & { readonly account: EventAccount })[],
  ): Promise<string[]> {
    if (writes.length === 0) return [];
    const wrong = writes.find(({ type }) => !TYPE.test(type));
    if (wrong) throw new TypeError(`not a type of billing event: ${wrong.type}`);
    const events = writes.map(({ account, type, key, data }) => ({
      ...{ id: this.ids.uuidv7(), bucket: account.bucket, accountId: account.id },
      ...{ type, key, data },
    }));
    const made = new Set(await this.events.add(sql, events));
    const news = events.filter(({ id }) => made.has(id));
    if (news.length > 0) for (const listener of this.#listeners) await listener(sql, news);
    return [...made];
  }

  /** The events the caller may see, newest first. */
  async list(caller: Principal, query: ListBillingEvents): Promise<Page<BillingEvent>> {
    const { limit, cursor, account = null, type = null } = query;
    if (account !== null) requireAccount(caller, account);
    const before = cursor === undefined ? null : decodeCursor(LIST, BillingEventPosition, cursor).id;
    const rows = await this.events.list(limit + 1, { before, account, type, reach: reachOf(caller) });
    return pageOf(rows, limit, ({ id }) => encodeCursor(LIST, { id }));
  }
}
