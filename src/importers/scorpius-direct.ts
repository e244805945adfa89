import type { INestApplicationContext } from '@nestjs/common';
import { DEFAULT_CALENDAR } from '../core/account';
import type { AccountKey } from '../core/account-key';
import { DomainError } from '../core/errors';
import type { UsageEvent } from '../core/event';
import { periodAt } from '../core/period';
import { PLAN_KEY_PATTERN, type RateCard } from '../core/plan';
import { AccountService } from '../cost-centers/account.service';
import type { HistoryOutcome } from '../cost-centers/history-import.service';
import { PAYMENT_PROFILE_CHANGED, PaymentProfileService } from '../cost-centers/payment-profile.service';
import { StripeCustomerService } from '../cost-centers/stripe-customer.service';
import { SubscriptionService } from '../cost-centers/subscription.service';
import { AccountClock } from '../platform/account-clock';
import { Audit } from '../platform/audit/audit.service';
import { principalRef, type Principal } from '../platform/auth/principal';
import { Database } from '../platform/transaction';
import { PlanService } from '../pricing/plan.service';
import { IngestService } from '../usage/ingest.service';
import type { RowVerdict } from './row-verdict';
import type { ScorpiusTarget, WantedPlan } from './scorpius-target';

/** Whoever can start this program on the database needs no key for it. */
const IMPORTER: Principal = {
  id: 'importer',
  kind: 'internal',
  name: 'Scorpius import',
  scopes: new Set(['events:write', 'events:backfill']),
  accounts: '*',
};

/** Who marks payments, apart from whoever else is of the service's own. */
const ACTOR = 'import:scorpius';
/** The original knows no other. */
const CURRENCY = 'USD';
const AUDIT_PAGE = 100;
const PLAN_KEY = new RegExp(PLAN_KEY_PATTERN);

/** Moves a Scorpius into the services of this process. */
export class DirectScorpiusTarget implements ScorpiusTarget {
  readonly #accounts: AccountService;
  readonly #subscriptions: SubscriptionService;
  readonly #profiles: PaymentProfileService;
  readonly #customers: StripeCustomerService;
  readonly #plans: PlanService;
  readonly #ingest: IngestService;
  readonly #audit: Audit;
  readonly #clock: AccountClock;
  readonly #database: Database;

  constructor(app: INestApplicationContext) {
    this.#accounts = app.get(AccountService, { strict: false });
    this.#subscriptions = app.get(SubscriptionService, { strict: false });
    this.#profiles = app.get(PaymentProfileService, { strict: false });
    this.#customers = app.get(StripeCustomerService, { strict: false });
    this.#plans = app.get(PlanService, { strict: false });
    this.#ingest = app.get(IngestService, { strict: false });
    this.#audit = app.get(Audit, { strict: false });
    this.#clock = app.get(AccountClock, { strict: false });
    this.#database = app.get(Database, { strict: false });
  }

  /** What the plans of this installation cost. */
  readonly cards = async (plan: string): Promise<RateCard | null> => {
    if (!PLAN_KEY.test(plan)) return null;
    try {
      return await this.#plans.latest(plan);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'not-found') return null;
      throw error;
    }
  };

  async makeAccount(key: AccountKey): Promise<HistoryOutcome> {
    const account = await this.#accounts.find(key);
    if (account === null) {
      await this.#accounts.putFor(IMPORTER, key, { name: null, calendar: DEFAULT_CALENDAR });
      return 'imported';
    }
    const now = this.#clock.now(account);
    const [ours, months] = [account.calendar, DEFAULT_CALENDAR].map((calendar) => periodAt(calendar, now));
    if (ours!.from.getTime() !== months!.from.getTime() || ours!.to.getTime() !== months!.to.getTime()) {
      throw new DomainError('failed-precondition', 'its account here has other periods than calendar months');
    }
    return 'stands';
  }

  async agree(key: AccountKey, { plan, overrides }: WantedPlan): Promise<HistoryOutcome> {
    const standing = await this.#subscriptions.read(IMPORTER, key);
    if (standing.plan?.plan === plan && standing.terms!.overrides === overrides) return 'stands';
    if (await this.#isElses(key, 'subscription.changed', principalRef(IMPORTER))) return 'conflict';
    const rest = { trialDays: 0, invoiceAt: undefined, version: undefined };
    await this.#subscriptions.put(IMPORTER, key, { plan, effective: 'now', overrides, ...rest });
    return 'imported';
  }

  async setOverdue(key: AccountKey, overdue: boolean): Promise<HistoryOutcome> {
    const account = await this.#accounts.get(key);
    if (account.paymentOverdue === overdue) return 'stands';
    if (await this.#isElses(key, PAYMENT_PROFILE_CHANGED, ACTOR)) return 'conflict';
    const cause = { actor: ACTOR, at: this.#clock.now(account) };
    await this.#database.transaction((tx) => this.#profiles.setOverdue(tx, account, overdue, cause));
    return 'imported';
  }

  async keepCustomer(
    key: AccountKey,
    { id, createdAt }: { id: string; createdAt: number | null },
  ): Promise<HistoryOutcome> {
    const since = createdAt === null ? this.#clock.now(await this.#accounts.get(key)) : new Date(createdAt);
    const customer = { id, currency: CURRENCY, invalidBillingAddress: null, createdAt: since };
    return this.#customers.keep(IMPORTER, key, customer);
  }

  record(events: readonly UsageEvent[]): Promise<readonly RowVerdict[]> {
    const records = events.map((event) => ({ kind: 'usage' as const, subject: null, ...event }));
    return this.#ingest.recordEvents({ records, backfill: true, allOrNothing: false }, IMPORTER);
  }

  /** Whether somebody else than an import has done this to the account last. */
  async #isElses(account: AccountKey, action: string, own: string): Promise<boolean> {
    let cursor: string | undefined;
    do {
      const page = await this.#audit.list(IMPORTER, { account, limit: AUDIT_PAGE, cursor });
      const found = page.items.find((entry) => entry.action === action);
      if (found) return found.actor !== own;
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return false;
  }
}
