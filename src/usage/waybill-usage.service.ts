import { Injectable } from '@nestjs/common';
import type { AccountKey } from '../core/account-key';
import type { Stretch } from '../core/contribution';
import { estimatedMonthly } from '../core/cost';
import { monthsUntil } from '../core/month';
import type { Ratio } from '../core/ratio';
import { AccountService } from '../cost-centers/account.service';
import { requireAccount, type Principal } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { ProjectCostService, totalCost, type ProjectCost } from './project-cost.service';

/** What a project used in a period and what that costs, in exact US dollars. */
export interface ProjectSummary extends Stretch {
  readonly costs: readonly ProjectCost[];
  readonly totalCost: Ratio;
  /** What 720 hours at the same rate would cost. */
  readonly estimatedMonthly: Ratio;
}

/** Usage and costs of a project by calendar months, UTC. */
@Injectable()
export class WaybillUsageService {
  constructor(
    private readonly accounts: AccountService,
    private readonly costs: ProjectCostService,
    private readonly clock: Clock,
  ) {}

  /**
   * The running month up to now. A project that nothing is known of used nothing. Throws `forbidden` for an account the
   * caller may not act for, whether it exists or not.
   */
  async current(caller: Principal, key: AccountKey): Promise<ProjectSummary> {
    return (await this.history(caller, key, 1))[0]!;
  }

  /** The running month and whole ones before it, the newest first. Throws like `current`. */
  async history(caller: Principal, key: AccountKey, months: number): Promise<ProjectSummary[]> {
    requireAccount(caller, key);
    const account = await this.accounts.find(key);
    const periods = monthsUntil(this.clock.now(), months);
    const stretch = { from: periods.at(-1)!.from, to: periods[0]!.to };
    const found = account === null ? [] : await this.costs.costsByWindow(account, stretch, 'month');
    const byStart = new Map(found.map(({ from, costs }) => [from, costs]));
    return periods.map((period) => summaryOf(period, byStart.get(period.from) ?? []));
  }
}

function summaryOf(period: Stretch, costs: readonly ProjectCost[]): ProjectSummary {
  const total = totalCost(costs);
  return { ...period, costs, totalCost: total, estimatedMonthly: estimatedMonthly(total, period) };
}
