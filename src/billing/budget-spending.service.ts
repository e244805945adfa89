import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { BUDGET_PERIODS, budgetPeriodAt, percentSpent, type BudgetPeriod } from '../core/budget';
import type { Stretch } from '../core/contribution';
import { centsOf } from '../core/cost';
import { ProjectCostService, totalCost } from '../usage/project-cost.service';
import type { Budget } from './budget.repository';

/** What an account has spent in one period of a kind, up to now. */
export interface PeriodSpending extends Stretch {
  readonly period: BudgetPeriod;
  readonly isRunning: boolean;
  /** Rounded once. */
  readonly cents: bigint;
}

/** One budget held against what was spent in one period. */
export interface WeighedBudget {
  readonly budget: Budget;
  readonly spending: PeriodSpending;
  readonly percent: number;
}

/** A period that ended is weighed once more for so long: what was used just before its end is still to be told. */
const AFTERMATH_MS = 24 * 3_600_000;

/** What accounts spent in the periods of budgets. */
@Injectable()
export class BudgetSpendingService {
  constructor(private readonly costs: ProjectCostService) {}

  /** The running period of each kind asked for, and on its first day the one before. */
  async read(account: Account, kinds: Iterable<BudgetPeriod>, now: Date): Promise<PeriodSpending[]> {
    const wanted = new Set(kinds);
    const spendings: PeriodSpending[] = [];
    for (const period of BUDGET_PERIODS.filter((kind) => wanted.has(kind))) {
      for (const stretch of stretchesOf(period, now)) {
        const to = Math.min(stretch.to, now.getTime());
        const cents = centsOf(totalCost(await this.costs.costs(account, { from: stretch.from, to })));
        spendings.push({ period, ...stretch, isRunning: stretch.to > now.getTime(), cents });
      }
    }
    return spendings;
  }
}

function stretchesOf(period: BudgetPeriod, now: Date): Stretch[] {
  const running = budgetPeriodAt(period, now);
  if (now.getTime() - running.from >= AFTERMATH_MS) return [running];
  return [running, budgetPeriodAt(period, new Date(running.from - 1))];
}

/** Each budget with each period of its kind that it was there in. */
export function weigh(budgets: readonly Budget[], spendings: readonly PeriodSpending[]): WeighedBudget[] {
  return budgets.flatMap((budget) =>
    spendings
      .filter(({ period, to }) => period === budget.period && budget.createdAt.getTime() < to)
      .map((spending) => ({
        budget,
        spending,
        percent: percentSpent(spending.cents, budget.amountCents),
      })),
  );
}
