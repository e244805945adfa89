import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { AccountKey } from '../core/account-key';
import { discountsToJson, taxesToJson } from '../core/agreement-shape';
import type { Stretch } from '../core/contribution';
import { DomainError, invalid } from '../core/errors';
import { formatQuantity } from '../core/quantity';
import {
  canCharge,
  requireSamePeriods,
  subscriptionAt,
  trialEnd,
  type SubscriptionState,
} from '../core/subscription';
import { NO_AGREEMENT, termsAt, type Agreement, type TermsVersion } from '../core/terms';
import { LedgerService } from '../ledger/ledger.service';
import { AccountClock } from '../platform/account-clock';
import { Audit } from '../platform/audit/audit.service';
import type { Principal } from '../platform/auth/principal';
import { BillingEvents } from '../platform/billing-events/billing-events.service';
import { Database, type Sql } from '../platform/transaction';
import { PlanService } from '../pricing/plan.service';
import type { StoredPlanVersion } from '../pricing/stored-plan';
import { AccountService } from './account.service';
import type { CancelSubscription } from './subscription.commands';
import type { PutSubscription } from './subscription-offer';
import { TermsService } from './terms.service';

/** A subscription as it stands now, with the plan versions it names. */
export interface Subscription extends SubscriptionState {
  readonly account: Account;
  readonly now: Date;
  readonly period: Stretch;
  readonly plan: StoredPlanVersion | null;
  readonly nextPlan: StoredPlanVersion | null;
}

interface Setup {
  readonly account: Account;
  readonly now: Date;
  readonly caller: Principal | string;
  readonly reason: string | null;
}

/** How a change hangs together with what else its caller reads and writes. */
export interface PutOptions {
  /** The number of the newest version that the wanted terms were made from; `OutdatedTerms` is thrown once there is another. */
  readonly basedOn?: number;
  /** Done in the same transaction, under the account's lock, also where the terms stay as they are. */
  readonly also?: (tx: Sql) => Promise<void>;
}

/** Other terms were agreed since the caller read them. */
export class OutdatedTerms extends Error {}

/** Which plan an account has, from when on, and on what terms. */
@Injectable()
export class SubscriptionService {
  constructor(
    private readonly accounts: AccountService,
    private readonly terms: TermsService,
    private readonly plans: PlanService,
    private readonly ledger: LedgerService,
    private readonly audit: Audit,
    private readonly events: BillingEvents,
    private readonly clock: AccountClock,
    private readonly database: Database,
  ) {}

  /** Throws `not-found` for an account that does not exist or is not the caller's. */
  async read(caller: Principal, key: AccountKey): Promise<Subscription> {
    const account = await this.accounts.getFor(caller, key);
    return this.#view(account, await this.terms.versions(this.database, account));
  }

  /** Every version of the terms, oldest first. */
  async history(caller: Principal, key: AccountKey): Promise<TermsVersion[]> {
    return this.terms.versions(this.database, await this.accounts.getFor(caller, key));
  }

  /**
   * Gives the account a plan or another one. Usage stays; the period is cut where the plan changes. The same again changes
   * nothing. Throws `not-found` (account, plan, version), `invalid-argument` for an instant that is past (the first plan may
   * begin anywhere in the running period), and `failed-precondition` for a closed account, a retired plan, other periods or another currency.
   */
  async put(caller: Principal, key: AccountKey, wanted: PutSubscription & PutOptions): Promise<Subscription> {
    const setup = await this.#setup(caller, key);
    const { basedOn, also } = wanted;
    const agree = await this.#agreeing(setup, wanted);
    const change = (versions: readonly TermsVersion[]) => {
      if (basedOn !== undefined && versions.length !== basedOn) throw new OutdatedTerms();
      return agree(versions);
    };
    return this.#change(setup, change, also);
  }

  /** The versions there would be if the account agreed to this now. Writes nothing; throws what `put` throws. */
  async propose(caller: Principal, key: AccountKey, wanted: PutSubscription): Promise<TermsVersion[]> {
    const setup = await this.#setup(caller, key);
    const agree = await this.#agreeing(setup, wanted);
    const versions = await this.terms.versions(this.database, setup.account);
    const { agreement, validFrom } = await agree(versions);
    return [...versions, { ...agreement, validFrom, version: versions.length + 1 }];
  }

  /** What is immutable is looked at first; what depends on earlier terms, once those are known. */
  async #agreeing(setup: Setup, wanted: PutSubscription) {
    const { plan, isOffered } = await this.#planFor(wanted);
    requireSamePeriods(plan, setup.account.calendar);
    await this.terms.card({ planVersionId: plan.id, overrides: wanted.overrides });
    return async (versions: readonly TermsVersion[]) => {
      const validFrom = this.#beginning(wanted.effective, versions, setup);
      const earlier = termsAt(versions, validFrom);
      await this.#requireOneCurrency(versions, plan);
      if (!isOffered && !(await this.#isKept(earlier, plan))) {
        throw precondition(`Plan ${plan.plan} is no longer offered`);
      }
      const trialEndsAt = await this.#trialOf(versions, { wanted, plan, validFrom, setup });
      const { overrides, taxes = earlier?.taxes ?? [], discounts = earlier?.discounts ?? [] } = wanted;
      const invoiceAt = wanted.invoiceAt === undefined ? (earlier?.invoiceAt ?? null) : wanted.invoiceAt;
      const agreement = { planVersionId: plan.id, trialEndsAt, overrides, taxes, discounts, invoiceAt };
      return { agreement, validFrom };
    };
  }

  /** Ends the plan, by default with the period. Nothing to end changes nothing. Throws `invalid-argument` for what is past. */
  async cancel(caller: Principal, key: AccountKey, { at }: CancelSubscription): Promise<Subscription> {
    const setup = await this.#setup(caller, key);
    return this.#change(setup, (versions) => Promise.resolve(this.#ended(versions, setup, at)));
  }

  /** The same in the caller's transaction, which holds the account's lock, at once. */
  async endNow(sql: Sql, setup: Setup): Promise<void> {
    const versions = await this.terms.versions(sql, setup.account);
    const change = this.#ended(versions, setup, 'now');
    if (change) await this.#append(sql, setup, { versions, ...change });
  }

  #ended(versions: readonly TermsVersion[], setup: Setup, at: CancelSubscription['at']) {
    const validFrom = this.#instantOf(at, setup);
    const current = termsAt(versions, validFrom) ?? termsAt(versions, setup.now.getTime());
    const isNothing = (current?.planVersionId ?? null) === null && versions.at(-1) === current;
    if (isNothing) return null;
    const { taxes, discounts } = current ?? NO_AGREEMENT;
    return { agreement: { ...NO_AGREEMENT, taxes, discounts }, validFrom };
  }

  async #setup(caller: Principal, key: AccountKey): Promise<Setup> {
    const account = await this.accounts.getFor(caller, key);
    if (account.closedAt !== null) throw precondition(`Account ${key} is closed`);
    return { account, caller, now: this.clock.now(account), reason: null };
  }

  async #planFor({
    plan,
    version,
  }: PutSubscription): Promise<{ plan: StoredPlanVersion; isOffered: boolean }> {
    const { latest, isActive: isOffered } = await this.plans.get(plan);
    if (version === undefined || version === latest.version) return { plan: latest, isOffered };
    const [found] = await this.plans.versions(plan, { before: version + 1, limit: 1 });
    if (found?.version === version) return { plan: found, isOffered };
    throw new DomainError('not-found', `Plan ${plan} has no version ${version}`, [
      { field: 'version', reason: 'is none of the plan' },
    ]);
  }

  /** Whoever has a plan keeps it, retired or not. */
  async #isKept(earlier: TermsVersion | null, plan: StoredPlanVersion): Promise<boolean> {
    if (earlier === null || earlier.planVersionId === null) return false;
    return (await this.plans.version(earlier.planVersionId)).plan === plan.plan;
  }

  /** Money of two currencies never meets in one account's invoices. */
  async #requireOneCurrency(versions: readonly TermsVersion[], plan: StoredPlanVersion): Promise<void> {
    if (!canCharge(plan)) return;
    for (const { planVersionId, overrides } of versions) {
      if (planVersionId === null) continue;
      const card = await this.terms.card({ planVersionId, overrides });
      if (!canCharge(card) || card.currency === plan.currency) continue;
      throw precondition(
        `The account is billed in ${card.currency}, plan ${plan.plan} is in ${plan.currency}`,
        [{ field: 'plan', reason: `must be in ${card.currency}` }],
      );
    }
  }

  /** Days asked for begin with the plan; else a trial under way goes on, and the first plan to pay for may bring one. */
  async #trialOf(
    versions: readonly TermsVersion[],
    change: { wanted: PutSubscription; plan: StoredPlanVersion; validFrom: number; setup: Setup },
  ): Promise<number | null> {
    const { wanted, plan, validFrom, setup } = change;
    const days = wanted.trialDays ?? ((await this.#hadToPay(versions)) ? null : plan.trialDays);
    if (days === null) {
      const running = termsAt(versions, validFrom)?.trialEndsAt ?? null;
      return running !== null && running > validFrom ? running : null;
    }
    return days === 0 ? null : trialEnd(setup.account.calendar, validFrom, days);
  }

  async #hadToPay(versions: readonly TermsVersion[]): Promise<boolean> {
    for (const { planVersionId, overrides } of versions) {
      if (planVersionId !== null && canCharge(await this.terms.card({ planVersionId, overrides })))
        return true;
    }
    return false;
  }

  /** Where no plan ever was nothing stands against beginning with the running period: none of it is invoiced. */
  #beginning(
    effective: PutSubscription['effective'],
    versions: readonly TermsVersion[],
    setup: Setup,
  ): number {
    const isFirst = versions.every(({ planVersionId }) => planVersionId === null);
    const { from } = this.accounts.segmentAt(setup.account, setup.now.getTime());
    return isFirst && typeof effective === 'number' && effective >= from
      ? effective
      : this.#instantOf(effective, setup);
  }

  #instantOf(effective: PutSubscription['effective'], { account, now }: Setup): number {
    if (effective === 'now') return now.getTime();
    if (effective === 'period_end') return this.accounts.segmentAt(account, now.getTime()).to;
    if (effective < now.getTime())
      throw invalid('effective', 'must not be past: what was agreed then stands');
    return effective;
  }

  /** Reads under the account's lock, computes and appends; null = nothing is to be changed. */
  async #change(
    setup: Setup,
    compute: (
      versions: readonly TermsVersion[],
    ) => Promise<{ agreement: Agreement; validFrom: number } | null>,
    also?: (tx: Sql) => Promise<void>,
  ): Promise<Subscription> {
    const { account } = setup;
    return this.database.transaction(async (tx) => {
      await this.ledger.lockAccount(tx, account);
      const versions = await this.terms.versions(tx, account);
      const change = await compute(versions);
      if (change) await this.#append(tx, setup, { versions, ...change });
      await also?.(tx);
      return this.#view(account, await this.terms.versions(tx, account));
    });
  }

  async #append(
    tx: Sql,
    { account, now, caller, reason }: Setup,
    change: { versions: readonly TermsVersion[]; agreement: Agreement; validFrom: number },
  ): Promise<void> {
    const { versions, agreement, validFrom } = change;
    const appended = await this.terms.append(tx, account, { agreement, validFrom, at: now });
    if (appended === null) return;
    const data = await this.#told(appended);
    await this.events.emit(tx, account, {
      ...{ type: 'subscription.changed', key: `subscription:${account.key}:${appended.version}` },
      data: { account: account.key, ...data },
    });
    const before = termsAt(versions, validFrom);
    await this.audit.write(tx, {
      ...{ account, actor: caller, action: 'subscription.changed', subject: `account:${account.key}` },
      ...{ before: before && (await this.#told(before)), after: data, reason },
    });
  }

  /** Terms in words that mean something without our tables. */
  async #told(terms: TermsVersion): Promise<Record<string, unknown>> {
    const { planVersionId, trialEndsAt, overrides, invoiceAt } = terms;
    const plan = planVersionId === null ? null : await this.plans.version(planVersionId);
    return {
      plan: plan?.plan ?? null,
      plan_version: plan?.version ?? null,
      valid_from: new Date(terms.validFrom).toISOString(),
      trial_ends_at: trialEndsAt === null ? null : new Date(trialEndsAt).toISOString(),
      overrides: overrides === null ? null : (JSON.parse(overrides) as unknown),
      taxes: taxesToJson(terms.taxes),
      discounts: discountsToJson(terms.discounts),
      invoice_at: invoiceAt === null ? null : formatQuantity(invoiceAt),
    };
  }

  async #view(account: Account, versions: readonly TermsVersion[]): Promise<Subscription> {
    const now = this.clock.now(account);
    const state = subscriptionAt(versions, now.getTime());
    const cardOf = async (terms: TermsVersion | null): Promise<StoredPlanVersion | null> =>
      terms === null || terms.planVersionId === null ? null : this.plans.version(terms.planVersionId);
    return {
      ...state,
      account,
      now,
      period: this.accounts.segmentAt(account, now.getTime()),
      plan: await cardOf(state.terms),
      nextPlan: await cardOf(state.next),
    };
  }
}

function precondition(message: string, fields: { field: string; reason: string }[] = []): DomainError {
  return new DomainError('failed-precondition', message, fields);
}
