import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { isThrottling } from '../core/budget';
import { Ids } from '../platform/ids';
import type { Sql } from '../platform/transaction';
import type { WeighedBudget } from './budget-spending.service';
import { type Cleared, NON_PRODUCTION, type Throttle, ThrottleRepository } from './throttle.repository';

const REASON = 'budget_exceeded';

/** What is known when it is decided whether a project is slowed down. */
export interface Settling {
  readonly at: Date;
  /** Every budget of the account in its running period. */
  readonly weighed: readonly WeighedBudget[];
  /** Why a throttle would end now, where it does not end by itself. */
  readonly because: Cleared;
  /** Whether one may begin where there is none: a budget that is edited only ends them. */
  readonly mayActivate: boolean;
}

/** Slows projects down while a budget is spent, and no longer. */
@Injectable()
export class ThrottleService {
  constructor(
    private readonly throttles: ThrottleRepository,
    private readonly ids: Ids,
  ) {}

  /** Those in force, the newest first. */
  active(account: AccountRef): Promise<Throttle[]> {
    return this.throttles.active(account);
  }

  /** Ends what is due no more, begins what is due; in the caller's transaction, which holds the budgets of the account. */
  async settle(tx: Sql, account: AccountRef, settling: Settling): Promise<void> {
    const due = settling.weighed.filter(({ budget, percent }) => isThrottling(budget, percent));
    const active = await this.throttles.lockActive(tx, account);
    if (active === null && !settling.mayActivate) return;
    if (active !== null) {
      if (due.some((weighed) => isCauseOf(active, weighed))) return;
      const cleared = { throttle: active.id, at: settling.at, by: clearedBy(active, settling) };
      await this.throttles.clear(tx, account, cleared);
    }
    if (due[0] === undefined) return;
    await this.throttles.activate(tx, account, {
      ...{ id: this.ids.uuidv7(), envScope: NON_PRODUCTION, reason: REASON, activatedAt: settling.at },
      ...{ budgetId: due[0].budget.id, periodStart: new Date(due[0].spending.from) },
    });
  }
}

function isCauseOf({ budgetId, periodStart }: Throttle, { budget, spending }: WeighedBudget): boolean {
  return budget.id === budgetId && spending.from === periodStart.getTime();
}

function clearedBy({ budgetId, periodStart }: Throttle, { weighed, because }: Settling): Cleared {
  const cause = weighed.find(({ budget }) => budget.id === budgetId);
  if (cause === undefined) return 'budget_deleted';
  return cause.spending.from === periodStart.getTime() ? because : 'new_period';
}
