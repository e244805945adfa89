import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { crossedThresholds } from '../core/budget';
import { AccountService } from '../cost-centers/account.service';
import { BillingEvents } from '../platform/billing-events/billing-events.service';
import { Clock } from '../platform/clock';
import { Ids } from '../platform/ids';
import { Logger } from '../platform/logger';
import { Database, type Sql } from '../platform/transaction';
import { type BudgetAlert, BudgetAlertRepository } from './budget-alert.repository';
import { BudgetAlertDelivery } from './budget-alert-delivery.service';
import { alertFacts } from './budget-alert-facts';
import { BudgetRepository, type BudgetedAccount } from './budget.repository';
import {
  BudgetSpendingService,
  type PeriodSpending,
  weigh,
  type WeighedBudget,
} from './budget-spending.service';
import { ThrottleService } from './throttle.service';

const PAGE = 100;
/** Accounts weighed at once: reading what they spent is most of the work. */
const AT_ONCE = 4;
const BEFORE_ALL = { bucket: -1, accountId: -1 };

/** Holds budgets against what was spent, tells of thresholds once, slows down and lets go. */
@Injectable()
export class BudgetEvaluationService {
  constructor(
    private readonly accounts: AccountService,
    private readonly budgets: BudgetRepository,
    private readonly alerts: BudgetAlertRepository,
    private readonly delivery: BudgetAlertDelivery,
    private readonly spendings: BudgetSpendingService,
    private readonly throttles: ThrottleService,
    private readonly events: BillingEvents,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly logger: Logger,
  ) {}

  /**
   * Weighs the budgets of all accounts, page by page, and sees to it that every alert that is not delivered is going to be.
   * Two at once are harmless. An account that fails costs the others nothing; it throws afterwards, with their number.
   */
  async evaluateAll(): Promise<void> {
    await this.delivery.promisePending();
    const outcome = { accounts: 0, failed: 0 };
    let after: Pick<BudgetedAccount, 'bucket' | 'accountId'> = BEFORE_ALL;
    for (;;) {
      const page = await this.budgets.accounts(after, PAGE);
      for (let from = 0; from < page.length; from += AT_ONCE) {
        const some = page.slice(from, from + AT_ONCE);
        const worked = await Promise.all(some.map((account) => this.#isEvaluated(account)));
        outcome.failed += worked.filter((isDone) => !isDone).length;
      }
      outcome.accounts += page.length;
      if (page.length < PAGE) break;
      after = page.at(-1)!;
    }
    if (outcome.failed > 0) {
      throw new Error(
        `the budgets of ${outcome.failed} of ${outcome.accounts} accounts could not be weighed`,
      );
    }
  }

  async #isEvaluated({ key }: BudgetedAccount): Promise<boolean> {
    try {
      await this.evaluate(await this.accounts.get(key));
      return true;
    } catch (error) {
      this.logger.warn({ err: error, account: key }, 'the budgets of an account could not be weighed');
      return false;
    }
  }

  /** Weighs the budgets of one account: alerts, their delivery, what is told of them and throttles are one transaction. */
  async evaluate(account: Account): Promise<void> {
    const now = this.clock.now();
    const kinds = (await this.budgets.list(account)).map(({ period }) => period);
    const spendings = await this.spendings.read(account, kinds, now);
    await this.database.transaction((tx) => this.#settle(tx, account, { spendings, now }));
  }

  /** The budgets are read again under their lock: one that was raised meanwhile must not raise an alarm. */
  async #settle(
    tx: Sql,
    account: Account,
    { spendings, now }: { spendings: readonly PeriodSpending[]; now: Date },
  ): Promise<void> {
    const weighed = weigh(await this.budgets.lock(tx, account), spendings);
    const reached = weighed.flatMap((each) => this.#alertsOf(each, now));
    const alerts = await this.alerts.add(tx, account, reached);
    await this.delivery.promise(
      tx,
      alerts.map(({ id }) => ({ id, account })),
    );
    await this.events.emitAll(
      tx,
      alerts.map((alert) => ({
        ...{ account, type: 'budget.threshold_crossed' },
        key: `budget:${alert.budgetId}:${alert.periodStart.toISOString()}:${alert.threshold}`,
        data: alertFacts(alert),
      })),
    );
    const running = weighed.filter(({ spending }) => spending.isRunning);
    const settling = { at: now, weighed: running, because: 'spend_below', mayActivate: true } as const;
    await this.throttles.settle(tx, account, settling);
  }

  #alertsOf({ budget, spending, percent }: WeighedBudget, now: Date): BudgetAlert[] {
    return crossedThresholds(budget.thresholds, percent).map((threshold) => ({
      ...{ id: this.ids.uuidv7(), budgetId: budget.id, period: budget.period, threshold, createdAt: now },
      ...{ periodStart: new Date(spending.from), periodEnd: new Date(spending.to) },
      ...{ actualCents: spending.cents, budgetCents: budget.amountCents, currency: budget.currency },
    }));
  }
}
