import { Injectable } from '@nestjs/common';
import type { AccountKey } from '../core/account-key';
import { LedgerService } from '../ledger/ledger.service';
import { AccountClock } from '../platform/account-clock';
import { Audit } from '../platform/audit/audit.service';
import type { Principal } from '../platform/auth/principal';
import { BillingEvents } from '../platform/billing-events/billing-events.service';
import { Database } from '../platform/transaction';
import { AccountRepository, type ReadAccount } from './account.repository';
import { AccountService } from './account.service';
import { SubscriptionService } from './subscription.service';

/** Closes accounts: their usage stops and their plan ends; what they owe is invoiced, and their facts stay. */
@Injectable()
export class AccountClosingService {
  constructor(
    private readonly accounts: AccountService,
    private readonly stored: AccountRepository,
    private readonly subscriptions: SubscriptionService,
    private readonly ledger: LedgerService,
    private readonly audit: Audit,
    private readonly events: BillingEvents,
    private readonly clock: AccountClock,
    private readonly database: Database,
  ) {}

  /** Twice is once: the first closing counts. Throws `not-found` for an account that is not there or not the caller's. */
  async close(caller: Principal, key: AccountKey, reason: string | null): Promise<ReadAccount> {
    const account = await this.accounts.getFor(caller, key);
    const now = this.clock.now(account);
    await this.database.transaction(async (tx) => {
      await this.ledger.lockAccount(tx, account);
      if (!(await this.stored.close(tx, account, now))) return;
      await this.subscriptions.endNow(tx, { account, caller, now, reason });
      const data = { account: key, closed_at: now.toISOString() };
      await this.events.emit(tx, account, { type: 'account.closed', key: `account:${key}:closed`, data });
      const entry = { action: 'account.closed', subject: `account:${key}`, after: data, reason };
      await this.audit.write(tx, { account, actor: caller, ...entry });
    });
    this.accounts.forget(key);
    return this.accounts.get(key);
  }
}
