import type { INestApplicationContext } from '@nestjs/common';
import { BudgetService } from '../billing/budget.service';
import { fromCreateBudget, toWaybillBudgets } from '../billing/budget.wire';
import { DEFAULT_CALENDAR } from '../core/account';
import { type AccountKey, parseAccountKey } from '../core/account-key';
import type { UsageEvent } from '../core/event';
import { AccountGrantService } from '../cost-centers/account-grant.service';
import { AccountService } from '../cost-centers/account.service';
import { fromRestGiveGrant } from '../cost-centers/grant.wire';
import { SubscriptionService } from '../cost-centers/subscription.service';
import { fromRestPutSubscription } from '../cost-centers/subscription.wire';
import type { Principal } from '../platform/auth/principal';
import { IngestService } from '../usage/ingest.service';
import type { RowVerdict } from './row-verdict';
import type { Standing, StandingBudget, WantedBudget, WantedGrant, WaybillTarget } from './waybill-target';

/** Whoever can start this program on the database needs no key for it. */
const IMPORTER: Principal = {
  id: 'importer',
  kind: 'internal',
  name: 'Waybill import',
  scopes: new Set(['events:write', 'events:backfill']),
  accounts: '*',
};

/** Moves a Waybill into the services of this process. */
export class DirectWaybillTarget implements WaybillTarget {
  readonly #ingest: IngestService;
  readonly #accounts: AccountService;
  readonly #subscriptions: SubscriptionService;
  readonly #grants: AccountGrantService;
  readonly #budgets: BudgetService;

  constructor(app: INestApplicationContext) {
    this.#ingest = app.get(IngestService, { strict: false });
    this.#accounts = app.get(AccountService, { strict: false });
    this.#subscriptions = app.get(SubscriptionService, { strict: false });
    this.#grants = app.get(AccountGrantService, { strict: false });
    this.#budgets = app.get(BudgetService, { strict: false });
  }

  record(events: readonly UsageEvent[]): Promise<readonly RowVerdict[]> {
    const records = events.map((event) => ({ kind: 'usage' as const, subject: null, ...event }));
    return this.#ingest.recordEvents({ records, backfill: true, allOrNothing: false }, IMPORTER);
  }

  async makeAccount(account: AccountKey): Promise<void> {
    if ((await this.#accounts.find(account)) !== null) return;
    await this.#accounts.putFor(IMPORTER, account, { name: null, calendar: DEFAULT_CALENDAR });
  }

  async standing(account: AccountKey): Promise<Standing> {
    const { status, plan, next, nextPlan, period } = await this.#subscriptions.read(IMPORTER, account);
    return {
      isAny: status !== 'none' || next !== null,
      plan: plan?.plan ?? nextPlan?.plan ?? null,
      endsAt: next !== null && nextPlan === null ? next.validFrom : null,
      periodStart: period.from,
    };
  }

  async subscribe(account: AccountKey, { plan, from }: { plan: string; from: number }): Promise<void> {
    const effective = new Date(from).toISOString();
    const wanted = fromRestPutSubscription({ plan, effective, trial_days: 0 });
    await this.#subscriptions.put(IMPORTER, account, wanted);
  }

  async endPlan(account: AccountKey, at: number): Promise<void> {
    await this.#subscriptions.cancel(IMPORTER, account, { at });
  }

  async give(account: AccountKey, key: string, grant: WantedGrant): Promise<void> {
    const wanted = fromRestGiveGrant({ key: account }, grant, { 'idempotency-key': key });
    await this.#grants.give(IMPORTER, wanted);
  }

  async budgets(project: string): Promise<readonly StandingBudget[]> {
    const budgets = await this.#budgets.list(IMPORTER, projectAccount(project));
    return toWaybillBudgets(project, budgets).budgets;
  }

  async makeBudget(project: string, wanted: WantedBudget): Promise<void> {
    await this.#budgets.create(IMPORTER, projectAccount(project), fromCreateBudget(wanted));
  }
}

const projectAccount = (project: string): AccountKey => parseAccountKey(`project:${project}`);
