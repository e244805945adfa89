import { Injectable } from '@nestjs/common';
import type { Account, AccountRef } from '../core/account';
import { roundToMinor } from '../core/money';
import { quantityRatio } from '../core/quantity';
import { termsAt } from '../core/terms';
import { AccountService } from '../cost-centers/account.service';
import { TermsService } from '../cost-centers/terms.service';
import { LedgerService } from '../ledger/ledger.service';
import { AccountClock, type RunClock } from '../platform/account-clock';
import { keyedId } from '../platform/keyed-id';
import { Database } from '../platform/transaction';
import { BillingStateRepository } from './billing-state.repository';
import { DraftRepository } from './draft.repository';
import { InvoiceFactsService } from './invoice-facts.service';
import { planInvoice } from './invoice-plan';
import { OffCycleRepository } from './off-cycle.repository';

const PAGE = 200;

/**
 * Invoices out of turn: within a period once a threshold is owed, and after the last one when usage came late. It makes
 * drafts that are due at once; the run of invoices makes them final.
 */
@Injectable()
export class OffCycleInvoices {
  constructor(
    private readonly found: OffCycleRepository,
    private readonly accounts: AccountService,
    private readonly terms: TermsService,
    private readonly states: BillingStateRepository,
    private readonly facts: InvoiceFactsService,
    private readonly drafts: DraftRepository,
    private readonly ledger: LedgerService,
    private readonly clock: AccountClock,
    private readonly database: Database,
  ) {}

  /** Answers how many drafts it made. */
  async run(clock: RunClock): Promise<number> {
    return (await this.#settleEnded(clock)) + (await this.#billThresholds(clock));
  }

  async #settleEnded(clock: RunClock): Promise<number> {
    let made = 0;
    for (let after = 0; ;) {
      const page = await this.found.endedWithLateUsage(clock, { after, limit: PAGE });
      for (const { mark, ...ref } of page) made += await this.#makeDraft(ref, ['late', mark]);
      if (page.length < PAGE) return made;
      after = page.at(-1)!.id;
    }
  }

  async #billThresholds(clock: RunClock): Promise<number> {
    let made = 0;
    for (let after = 0; ;) {
      const page = await this.found.withThreshold(clock, { after, limit: PAGE });
      for (const ref of page) {
        const revision = await this.#reachedThreshold(ref);
        if (revision !== null) made += await this.#makeDraft(ref, ['threshold', String(revision)]);
      }
      if (page.length < PAGE) return made;
      after = page.at(-1)!.id;
    }
  }

  /** The revision of what was counted when the threshold was reached; null = it was not. */
  async #reachedThreshold(ref: AccountRef): Promise<bigint | null> {
    const account = await this.#account(ref);
    const now = this.clock.now(account).getTime();
    const versions = await this.terms.versions(this.database, account);
    const threshold = termsAt(versions, now)?.invoiceAt ?? null;
    if (threshold === null) return null;
    const state = (await this.states.read(ref.bucket, [ref.id])).get(ref.id) ?? null;
    const period = this.accounts.segmentAt(account, now);
    const claim = {
      account,
      kind: 'off_cycle' as const,
      period,
      now,
      versions,
      state,
      stale: new Set<number>(),
    };
    const [facts] = await this.facts.read(this.database, ref.bucket, [claim]);
    const plan = planInvoice(facts!);
    if (plan === null) return null;
    const isReached = plan.totals.total >= roundToMinor(quantityRatio(threshold), plan.currency);
    return isReached ? facts!.revision : null;
  }

  /** At most one at a time for each account: what the first one bills, the second one would find billed. */
  async #makeDraft(ref: AccountRef, why: readonly string[]): Promise<number> {
    const account = await this.#account(ref);
    const at = this.clock.now(account);
    const period = this.accounts.segmentAt(account, at.getTime());
    return this.database.transaction(async (tx) => {
      await this.ledger.lockAccount(tx, ref);
      if (await this.found.hasDraft(tx, ref)) return 0;
      const id = keyedId('invoice', ref.id, 'off_cycle', period.from, ...why);
      await this.drafts.make(tx, [{ account, id, kind: 'off_cycle', period, finaliseAt: at }]);
      return 1;
    });
  }

  async #account({ id }: AccountRef): Promise<Account> {
    return (await this.accounts.byIds([id])).get(id)!;
  }
}
