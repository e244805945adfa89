import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { parseAccountKey, type AccountKey } from '../core/account-key';
import type { Stretch } from '../core/contribution';
import {
  centsOf,
  type NamedAmount,
  type SharedCents,
  shareCents,
  shareOut,
  spreadCost,
  sumByKey,
} from '../core/cost';
import { monthsUntil } from '../core/month';
import { multiplyRatios, sumRatios, type Ratio } from '../core/ratio';
import { AccountService } from '../cost-centers/account.service';
import { reachOf } from '../platform/account-reach';
import { mayUseAccount, requireAccount, type Principal } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { MeterService } from '../pricing/meter.service';
import { ProjectCostService, totalCost, type ProjectCost, type ProjectCosts } from './project-cost.service';
import { OWN, ResourceUsageRepository, type ToldApart, UNKNOWN } from './resource-usage.repository';
import type { CostGroup, CostPeriod } from './waybill-cost.commands';

const MS_PER_DAY = 86_400_000;
const DAYS: Readonly<Record<Exclude<CostPeriod, 'mtd'>, number>> = {
  '7d': 7,
  '14d': 14,
  '30d': 30,
  '90d': 90,
  '1y': 365,
};

/** A part of a total under its name. */
export interface CostEntry {
  readonly key: string;
  readonly cents: bigint;
}

/** What a day came to, and which metrics made it up. */
export interface CostDay extends Stretch {
  readonly cents: bigint;
  readonly byMetric: readonly CostEntry[];
}

/** What a project cost, in cents; the parts add up to the total. */
export interface CostReport extends Stretch {
  readonly totalCents: bigint;
  readonly groupBy: CostGroup;
  /** Null unless grouped by day; else every day from the first to the last, in UTC. */
  readonly series: readonly CostDay[] | null;
  /** Null when grouped by day; else the dearest first, without what rounds to nothing. */
  readonly breakdown: readonly CostEntry[] | null;
}

/** What projects and services cost, told apart. */
@Injectable()
export class WaybillCostService {
  constructor(
    private readonly accounts: AccountService,
    private readonly costs: ProjectCostService,
    private readonly meters: MeterService,
    private readonly resources: ResourceUsageRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * What a project cost, exactly, rounded once to cents and shared among the parts by largest remainder. A project nobody
   * knows cost nothing. Throws `forbidden` for an account the caller may not act for, whether it exists or not.
   */
  async ofProject(
    caller: Principal,
    key: AccountKey,
    { period, groupBy }: { period: CostPeriod; groupBy: CostGroup },
  ): Promise<CostReport> {
    requireAccount(caller, key);
    const account = await this.accounts.find(key);
    const stretch = this.#stretch(period);
    if (groupBy === 'day') return { ...(await this.#byDay(account, stretch)), ...stretch, groupBy };
    const parts = account === null ? [] : await this.#parts(account, stretch, groupBy);
    return { ...breakdownOf(parts), ...stretch, groupBy };
  }

  /**
   * What one service cost, in cents, in the project given or in all in which it is known and that the caller may act for.
   * Throws `forbidden` for a project the caller may not act for.
   */
  async ofService(
    caller: Principal,
    service: string,
    { period, project }: { period: CostPeriod; project: AccountKey | null },
  ): Promise<Stretch & { totalCents: bigint }> {
    if (project !== null) requireAccount(caller, project);
    const stretch = this.#stretch(period);
    const costs: Ratio[] = [];
    for (const key of project === null ? await this.#projectsOf(caller, service) : [project]) {
      const account = await this.accounts.find(key);
      const parts = account === null ? [] : await this.#spread(account, stretch, { service });
      costs.push(...parts.filter((part) => part.key === OWN).map(({ amount }) => amount));
    }
    return { ...stretch, totalCents: centsOf(sumRatios(costs)) };
  }

  #stretch(period: CostPeriod): Stretch {
    const now = this.clock.now();
    const to = now.getTime();
    if (period === 'mtd') return monthsUntil(now, 1)[0]!;
    return { from: to - DAYS[period] * MS_PER_DAY, to };
  }

  /** Where a service is known, and the projects a key is made for by name. */
  async #projectsOf(caller: Principal, service: string): Promise<AccountKey[]> {
    const known = await this.resources.projectsOf(service, reachOf(caller));
    const named = caller.accounts === '*' ? [] : caller.accounts.filter((key) => /^project:[^*]/.test(key));
    const keys = [...new Set([...known, ...named])].map((key) => parseAccountKey(key));
    return keys.filter((key) => mayUseAccount(caller, key));
  }

  async #parts(account: Account, stretch: Stretch, by: 'metric' | 'service' | 'env'): Promise<NamedAmount[]> {
    if (by !== 'metric') return this.#spread(account, stretch, by);
    const costs = await this.costs.costs(account, stretch);
    return costs.map(({ metric, cost }) => ({ key: metric, amount: cost }));
  }

  /** Each metric's cost in proportion to its usage by name; usage that no event is kept of stands under `unknown`. */
  async #spread(account: Account, stretch: Stretch, by: ToldApart): Promise<NamedAmount[]> {
    const parts: NamedAmount[] = [];
    for (const { metric, quantity, cost } of await this.costs.costs(account, stretch)) {
      if (cost.numerator === 0n) continue;
      const meter = await this.meters.get(metric);
      const question = { bucket: account.bucket, accountId: account.id, meter, ...stretch };
      const usage = multiplyRatios(quantity, meter.divideBy);
      parts.push(...spreadCost({ cost, usage }, await this.resources.read(question, by), UNKNOWN));
    }
    return sumByKey(parts);
  }

  async #byDay(
    account: Account | null,
    stretch: Stretch,
  ): Promise<Pick<CostReport, 'totalCents' | 'series' | 'breakdown'>> {
    const found = account === null ? [] : await this.costs.costsByWindow(account, stretch, 'day');
    const days = found.length > 0 ? found : daysOf(stretch);
    const { total, parts } = shareCents(days.map(({ costs }) => totalCost(costs)));
    const series = days.map(({ from, to, costs }, place) => {
      const cents = parts[place]!;
      return { from, to, cents, byMetric: metricsOf(cents, costs) };
    });
    return { totalCents: total, series, breakdown: null };
  }
}

/** The metrics of a day add up to the cents that the day was given. */
function metricsOf(cents: bigint, costs: readonly ProjectCost[]): CostEntry[] {
  if (cents === 0n) return [];
  const shares = shareOut(
    cents,
    costs.map(({ cost }) => cost),
  );
  return costs.map(({ metric }, place) => ({ key: metric, cents: shares[place]! }));
}

function breakdownOf(parts: readonly NamedAmount[]): Pick<CostReport, 'totalCents' | 'series' | 'breakdown'> {
  const shared: SharedCents = shareCents(parts.map(({ amount }) => amount));
  const entries = parts.map(({ key }, place) => ({ key, cents: shared.parts[place]! }));
  const breakdown = entries
    .filter(({ cents }) => cents > 0n)
    .sort((a, b) => (a.cents === b.cents ? (a.key < b.key ? -1 : 1) : a.cents > b.cents ? -1 : 1));
  return { totalCents: shared.total, series: null, breakdown };
}

/** Days on which nothing was used; the first instant of a day is a day of its own, empty. */
function daysOf({ from, to }: Stretch): ProjectCosts[] {
  const days: ProjectCosts[] = [];
  for (let at = from; at < to || days.length === 0;) {
    const end = Math.min(at - (at % MS_PER_DAY) + MS_PER_DAY, Math.max(to, at + 1));
    days.push({ from: at, to: end, costs: [] });
    at = end;
  }
  return days;
}
