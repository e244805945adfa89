import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { overridesText, parseOverrides, type CardOverrides } from '../core/card-overrides';
import { DomainError, invalid, type FieldError } from '../core/errors';
import { allowanceWithLimit } from '../core/limit-overrides';
import { PLAN_KEY_PATTERN } from '../core/plan';
import { termsAt, type TermsVersion } from '../core/terms';
import { AccountClock } from '../platform/account-clock';
import { requireAccount, type Principal } from '../platform/auth/principal';
import { ScorpiusMetrics } from '../platform/metrics-scorpius';
import { Database, type Sql } from '../platform/transaction';
import { MeterService } from '../pricing/meter.service';
import { PlanService } from '../pricing/plan.service';
import type { OfferedPlan, StoredPlanVersion } from '../pricing/stored-plan';
import { AccountService } from './account.service';
import type { UpdateBilling } from './billing-update.commands';
import { StripeCustomerService } from './stripe-customer.service';
import type { PutSubscription } from './subscription-offer';
import { OutdatedTerms, SubscriptionService } from './subscription.service';
import { TermsService } from './terms.service';

const PLAN_KEY = new RegExp(PLAN_KEY_PATTERN);
const ATTEMPTS = 5;

/** What is agreed when a request comes: the newest version, the plan it asks for, and that as it holds for the account. */
interface Agreed {
  readonly basedOn: number;
  /** Null where the request asks for another plan: then nothing of the old one goes on. */
  readonly overrides: CardOverrides | null;
  readonly plan: StoredPlanVersion;
  readonly card: StoredPlanVersion;
}

/** Gives organisations plans of Scorpius and limits of their own. */
@Injectable()
export class BillingUpdate {
  constructor(
    private readonly accounts: AccountService,
    private readonly terms: TermsService,
    private readonly subscriptions: SubscriptionService,
    private readonly customers: StripeCustomerService,
    private readonly plans: PlanService,
    private readonly meters: MeterService,
    private readonly metrics: ScorpiusMetrics,
    private readonly clock: AccountClock,
    private readonly database: Database,
  ) {}

  /**
   * Plan, limits and customer together, or nothing of them. Limits are added to those the organisation was given before on the
   * same plan; those of another organisation are never touched. An organisation nobody has seen is made. Throws `forbidden` for
   * another's, `invalid-argument` for a plan that is none of Scorpius's and for limits of what is no meter, `conflict` for the
   * customer of another account, and what `SubscriptionService.put` throws.
   */
  async update(caller: Principal, command: UpdateBilling): Promise<void> {
    requireAccount(caller, command.account);
    const offered = await this.#planOf(command.plan);
    await this.#requireMeters([...command.limits.keys()]);
    await this.accounts.learn([command.account]);
    const account = await this.accounts.get(command.account);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#put(caller, account, { command, offered });
        break;
      } catch (error) {
        if (!(error instanceof OutdatedTerms)) throw error;
        if (attempt === ATTEMPTS) throw new DomainError('unavailable', 'The terms change too fast');
      }
    }
    this.metrics.countBillingEvent('plan_update', command.orgId);
  }

  async #put(
    caller: Principal,
    account: Account,
    { command, offered }: { command: UpdateBilling; offered: OfferedPlan },
  ): Promise<void> {
    const agreed = await this.#agreedOf(account, offered);
    const also = (tx: Sql) => this.#keepCustomer(tx, { caller, account }, { command, plan: agreed.plan });
    const wanted = { ...wantedOf(command, agreed), basedOn: agreed.basedOn, also };
    try {
      await this.subscriptions.put(caller, account.key, wanted);
    } catch (error) {
      throw inWordsOfUpdate(error);
    }
  }

  async #planOf(key: string): Promise<OfferedPlan> {
    const offered = PLAN_KEY.test(key) ? await this.plans.get(key).catch(nullIfNotFound) : null;
    if (offered?.plan.source !== 'scorpius') throw invalid('plan', 'is none of the plans');
    return offered;
  }

  /** Meters are never taken away, so what this process knows of them can only be too little. */
  async #requireMeters(features: readonly string[]): Promise<void> {
    const unknown = (byKey: ReadonlyMap<string, unknown>) =>
      features.filter((feature) => !byKey.has(feature));
    if (unknown((await this.meters.catalogue()).byKey).length === 0) return;
    const fields: FieldError[] = unknown((await this.meters.reread()).byKey).map((feature) => ({
      field: `limits.${feature}`,
      reason: 'is no meter, so no limit of it can hold',
    }));
    const [first] = fields;
    if (first) throw new DomainError('invalid-argument', `${first.field}: ${first.reason}`, fields);
  }

  /** Whoever has the plan keeps the version he has; limits are no reason for other prices. */
  async #agreedOf(account: Account, { plan: { key }, latest }: OfferedPlan): Promise<Agreed> {
    const versions = await this.terms.versions(this.database, account);
    const basedOn = versions.length;
    const terms = termsAt(versions, this.clock.now(account).getTime());
    const current = await this.#planVersionOf(terms);
    if (terms === null || current?.plan !== key)
      return { basedOn, overrides: null, plan: latest, card: latest };
    const card = await this.terms.card({ planVersionId: current.id, overrides: terms.overrides });
    const overrides = terms.overrides === null ? null : parseOverrides(JSON.parse(terms.overrides));
    return { basedOn, overrides, plan: current, card };
  }

  async #planVersionOf(terms: TermsVersion | null): Promise<StoredPlanVersion | null> {
    if (terms === null || terms.planVersionId === null) return null;
    return this.plans.version(terms.planVersionId);
  }

  /** Of a customer somebody else's service made only the id is known: it is taken to pay in the currency of the plan. */
  async #keepCustomer(
    tx: Sql,
    { caller, account }: { caller: Principal; account: Account },
    { command: { stripeCustomerId: id }, plan }: { command: UpdateBilling; plan: StoredPlanVersion },
  ): Promise<void> {
    if (id === null) return;
    const createdAt = this.clock.now(account);
    const customer = { id, currency: plan.currency, invalidBillingAddress: null, createdAt };
    const outcome = await this.customers.keepIn(tx, { actor: caller, account }, customer);
    if (outcome !== 'conflict') return;
    throw new DomainError('conflict', 'The Stripe customer belongs to another organization', [
      { field: 'stripe_customer_id', reason: 'belongs to another organization' },
    ]);
  }
}

const NO_OVERRIDES: CardOverrides = {
  baseFee: undefined,
  prices: new Map(),
  allowances: new Map(),
  entitlements: new Map(),
};

function wantedOf({ plan: key, limits }: UpdateBilling, { plan, card, overrides }: Agreed): PutSubscription {
  const allowances = new Map(overrides?.allowances);
  for (const [meter, limit] of limits) {
    const allowance = allowanceWithLimit(meter, limit, { plan, card });
    if (allowance) allowances.set(meter, allowance);
  }
  const text = overridesText({ ...(overrides ?? NO_OVERRIDES), allowances });
  return {
    plan: key,
    version: plan.version,
    effective: 'now',
    overrides: text,
    trialDays: undefined,
    invoiceAt: undefined,
  };
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof DomainError && error.code === 'not-found') return null;
  throw error;
}

/** What is wrong with an allowance is wrong with the limit that it was made from. */
function inWordsOfUpdate(error: unknown): unknown {
  if (!(error instanceof DomainError) || error.code !== 'invalid-argument') return error;
  const fields = error.fields.map(({ field, reason }) => {
    const meter = /^overrides\.allowances\.(.+)\.(?:included|limit|on_exceed|rollover.*)$/.exec(field)?.[1];
    return { field: meter === undefined ? field : `limits.${meter}`, reason };
  });
  return new DomainError(error.code, error.message, fields);
}
