import { Injectable } from '@nestjs/common';
import { AccountService } from '../cost-centers/account.service';
import type { Principal } from '../platform/auth/principal';
import { type Page, encodeCursor, pageOf } from '../platform/doors/pagination';
import { EVENT_LIST, type ListEvents } from './event-list.commands';
import { EventRepository, type ListedEvent } from './event.repository';

/** Lists recorded events as they were sent, with what became of them. */
@Injectable()
export class EventListService {
  constructor(
    private readonly accounts: AccountService,
    private readonly events: EventRepository,
  ) {}

  /**
   * A page, newest first by the time of occurrence. An event recorded late appears at its own place, never twice.
   * Throws `not-found` for an unknown account and, in the same words, for one beyond the caller's scope.
   */
  async list(
    { account, from, to, type, limit, after }: ListEvents,
    caller: Principal,
  ): Promise<Page<ListedEvent>> {
    const { id: accountId } = await this.accounts.getFor(caller, account);
    const range = { accountId, from: new Date(from), to: new Date(to), types: type };
    const position = after === null ? null : { at: new Date(after.at), key: after.key };
    const rows = await this.events.list(range, limit + 1, position);
    return pageOf(rows, limit, ({ occurred_at, key }) =>
      encodeCursor(EVENT_LIST, { at: occurred_at.getTime(), key }),
    );
  }
}
