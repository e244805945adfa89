import { Injectable, type OnModuleInit } from '@nestjs/common';
import { isPaidAhead } from '../core/rate-segment';
import type { TermsVersion } from '../core/terms';
import { AccountService } from '../cost-centers/account.service';
import { type TermsChange, TermsService } from '../cost-centers/terms.service';
import { keyedId } from '../platform/keyed-id';
import type { Sql } from '../platform/transaction';
import { BillingStateRepository } from './billing-state.repository';
import { DraftRepository } from './draft.repository';
import type { NewDraft } from './stored-invoice';

/** Follows what accounts agree to: a plan makes them billed, and some agreements make an invoice within the period. */
@Injectable()
export class BillingEnrolment implements OnModuleInit {
  constructor(
    private readonly terms: TermsService,
    private readonly accounts: AccountService,
    private readonly states: BillingStateRepository,
    private readonly drafts: DraftRepository,
  ) {}

  onModuleInit(): void {
    this.terms.onChanged((sql, change) => this.#follow(sql, change));
  }

  async #follow(sql: Sql, change: TermsChange): Promise<void> {
    const terms = change.versions.at(-1)!;
    if (terms.planVersionId === null) return this.#settleAtOnce(sql, change, terms);
    const account = (await this.accounts.byIds([change.account.id], sql)).get(change.account.id)!;
    const from = Math.max(terms.validFrom, change.at.getTime());
    const period = this.accounts.segmentAt(account, from);
    await this.states.open(sql, account, { openFrom: period.from, dueAt: period.to });
    const { planVersionId, overrides } = terms;
    if (!isPaidAhead(await this.terms.card({ planVersionId, overrides }))) return;
    const paidFrom = Math.max(from, terms.trialEndsAt ?? from);
    await this.drafts.make(sql, [
      {
        ...{ account, kind: 'fees', period: this.accounts.segmentAt(account, paidFrom) },
        id: keyedId('invoice', account.id, 'fees', terms.version),
        finaliseAt: new Date(paidFrom),
      },
    ]);
  }

  /** Whoever leaves at once is told at once what he owes; whoever leaves with the period is told at its end. */
  async #settleAtOnce(
    sql: Sql,
    { account: { id }, at, versions }: TermsChange,
    terms: TermsVersion,
  ): Promise<void> {
    const isNow = terms.validFrom <= at.getTime();
    if (!isNow || !versions.some(({ planVersionId }) => planVersionId !== null)) return;
    const account = (await this.accounts.byIds([id], sql)).get(id)!;
    const draft: NewDraft = {
      ...{ account, kind: 'off_cycle', period: this.accounts.segmentAt(account, at.getTime()) },
      id: keyedId('invoice', id, 'off_cycle', terms.version),
      finaliseAt: at,
    };
    await this.drafts.make(sql, [draft]);
  }
}
