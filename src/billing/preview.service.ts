import { Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors';
import { AccountService } from '../cost-centers/account.service';
import { SubscriptionService } from '../cost-centers/subscription.service';
import { TermsService } from '../cost-centers/terms.service';
import { AccountClock } from '../platform/account-clock';
import type { Principal } from '../platform/auth/principal';
import { Database } from '../platform/transaction';
import { MeterService } from '../pricing/meter.service';
import { LateUsage } from '../usage/late-usage.service';
import { BillingStateRepository } from './billing-state.repository';
import type { InvoiceClaim } from './invoice-claim';
import { InvoiceFactsService } from './invoice-facts.service';
import { type InvoicePlan, planInvoice } from './invoice-plan';
import type { Preview } from './invoice.commands';

/** What an invoice would say, and which period it would be about. */
export interface Previewed {
  readonly claim: InvoiceClaim;
  /** Null = nothing would be billed. */
  readonly plan: InvoicePlan | null;
}

/** The same computation as an invoice's, without the lock and without writing anything (design section 4). */
@Injectable()
export class PreviewService {
  constructor(
    private readonly accounts: AccountService,
    private readonly terms: TermsService,
    private readonly subscriptions: SubscriptionService,
    private readonly states: BillingStateRepository,
    private readonly late: LateUsage,
    private readonly facts: InvoiceFactsService,
    private readonly meters: MeterService,
    private readonly clock: AccountClock,
    private readonly database: Database,
  ) {}

  /** Throws `not-found` for an account that is not there or not the caller's, and what putting the subscription would throw. */
  async preview(caller: Principal, wanted: Preview): Promise<Previewed> {
    const account = await this.accounts.getFor(caller, wanted.account);
    const versions = wanted.subscription
      ? await this.subscriptions.propose(caller, account.key, wanted.subscription)
      : await this.terms.versions(this.database, account);
    const now = this.clock.now(account).getTime();
    const state = (await this.states.read(account.bucket, [account.id])).get(account.id) ?? null;
    await this.#requireMeters(wanted.usage);
    const claim: InvoiceClaim = {
      ...{ account, now, versions, state },
      kind: wanted.until === 'period_end' ? 'period' : 'off_cycle',
      period: this.accounts.segmentAt(account, now),
      stale: await this.late.peek(this.database, account),
      moreUsage: new Map(Object.entries(wanted.usage)),
    };
    const [facts] = await this.facts.read(this.database, account.bucket, [claim]);
    return { claim, plan: planInvoice(facts!) };
  }

  async #requireMeters(usage: Preview['usage']): Promise<void> {
    const { byKey } = await this.meters.catalogue();
    const unknown = Object.keys(usage).filter((key) => !byKey.has(key));
    if (unknown.length === 0) return;
    const fields = unknown.map((key) => ({
      field: `usage.${key}`,
      reason: 'is not a meter of the catalogue',
    }));
    throw new DomainError('invalid-argument', `${fields[0]!.field}: ${fields[0]!.reason}`, fields);
  }
}
