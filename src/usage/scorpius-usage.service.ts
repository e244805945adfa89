import { Injectable } from '@nestjs/common';
import { DEFAULT_PLANS, type Account } from '../core/account';
import type { AccountKey } from '../core/account-key';
import type { Stretch } from '../core/contribution';
import { DomainError } from '../core/errors';
import { periodAt } from '../core/period';
import type { Quantity } from '../core/quantity';
import { termsAt, type TermsVersion } from '../core/terms';
import { AccountService } from '../cost-centers/account.service';
import { PaymentProfileService } from '../cost-centers/payment-profile.service';
import { TermsService } from '../cost-centers/terms.service';
import { AccountClock } from '../platform/account-clock';
import { requireAccount, type Principal } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { Database } from '../platform/transaction';
import { MeterService } from '../pricing/meter.service';
import type { StoredPlanVersion } from '../pricing/stored-plan';
import { FeatureUsageRepository } from './feature-usage.repository';
import { featureOfDims, FREE_FEATURES_METER, isFeature } from './scorpius-feature';

/** A feature that was used in the running period. */
export interface FeatureUse {
  readonly feature: string;
  readonly used: Quantity;
  /** Null = unlimited. */
  readonly limit: Quantity | null;
}

/** What an organisation agreed to and used. */
export interface OrganizationUse {
  readonly orgId: string;
  /** Null = it has none any more. */
  readonly plan: string | null;
  readonly period: Stretch;
  /** When it was read. */
  readonly at: Date;
  readonly features: readonly FeatureUse[];
  readonly stripeCustomerId: string | null;
  readonly isOverdue: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Reads what organisations used in their running period. */
@Injectable()
export class ScorpiusUsage {
  constructor(
    private readonly accounts: AccountService,
    private readonly terms: TermsService,
    private readonly meters: MeterService,
    private readonly usage: FeatureUsageRepository,
    private readonly payments: PaymentProfileService,
    private readonly accountClock: AccountClock,
    private readonly clock: Clock,
    private readonly database: Database,
  ) {}

  /**
   * What an organisation used in the period that runs now. Nothing is made by reading: one that nobody has seen stands on the
   * plan it would begin with, for a caller whose credential names it. Throws `forbidden` for another's, and `not-found` for
   * one that only a reach over many would cover.
   */
  async read(
    caller: Principal,
    { orgId, account: key }: { orgId: string; account: AccountKey },
  ): Promise<OrganizationUse> {
    requireAccount(caller, key);
    const account = await this.accounts.find(key);
    if (account !== null) return this.#of(account, orgId);
    const isNamed = caller.accounts !== '*' && caller.accounts.includes(key);
    if (!isNamed) throw new DomainError('not-found', `No account ${key}`);
    const at = this.clock.now();
    const none = { features: [], stripeCustomerId: null, isOverdue: false };
    return { orgId, plan: DEFAULT_PLANS['org']!, period: EMPTY, at, ...none, createdAt: at, updatedAt: at };
  }

  async #of(account: Account, orgId: string): Promise<OrganizationUse> {
    const at = this.accountClock.now(account);
    const { from, to } = periodAt(account.calendar, at);
    const period = { from: from.getTime(), to: to.getTime() };
    const terms = termsAt(await this.terms.versions(this.database, account), at.getTime());
    const card = await this.#cardOf(terms);
    const { createdAt } = account;
    const { overdue, stripeCustomerId } = await this.payments.read(account);
    const agreedAt = new Date(terms?.validFrom ?? 0);
    return {
      ...{ orgId, plan: card?.plan ?? null, period, at, createdAt },
      features: await this.#features(account, period, card),
      ...{ stripeCustomerId, isOverdue: overdue },
      updatedAt: agreedAt > createdAt ? agreedAt : createdAt,
    };
  }

  async #cardOf(terms: TermsVersion | null): Promise<StoredPlanVersion | null> {
    if (terms === null || terms.planVersionId === null) return null;
    return this.terms.card({ planVersionId: terms.planVersionId, overrides: terms.overrides });
  }

  async #features(account: Account, period: Stretch, card: StoredPlanVersion | null): Promise<FeatureUse[]> {
    const { byId, byKey } = await this.meters.catalogue();
    const free = byKey.get(FREE_FEATURES_METER)?.id;
    const asked = [...byId.values()]
      .filter((meter) => meter.id === free || isFeature(meter))
      .map(({ id }) => id);
    const rows = await this.usage.counted(account, asked, period);
    return rows.flatMap(({ meterId, dims, used }) => {
      // Of the meter of all others the total says nothing; each feature has a row of its own.
      if (meterId === free) return dims === '' ? [] : [{ feature: featureOfDims(dims), used, limit: null }];
      const feature = byId.get(meterId)!.key;
      return [{ feature, used, limit: card?.allowances.get(feature)?.limit ?? null }];
    });
  }
}

const EMPTY: Stretch = { from: 0, to: 0 };
