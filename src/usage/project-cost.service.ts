import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { Stretch } from '../core/contribution';
import { unitAmountOver, type ListPrice } from '../core/list-price';
import type { Meter } from '../core/meter';
import { addRatios, divideRatios, multiplyRatios, type Ratio, RATIO_ZERO, sumRatios } from '../core/ratio';
import type { WindowSize } from '../core/window';
import type { Principal } from '../platform/auth/principal';
import { UnitPriceService } from '../pricing/unit-price.service';
import { ListChargeService } from './list-charge.service';
import { UsageQueryService, type UsageRow } from './usage-query.service';

/** What one metric of a project came to. */
export interface ProjectCost {
  readonly metric: string;
  /** In units of the meter. */
  readonly quantity: Ratio;
  /** In US dollars, exact. */
  readonly cost: Ratio;
}

/** The same for one window of a stretch. */
export interface ProjectCosts extends Stretch {
  readonly costs: readonly ProjectCost[];
}

/** What Waybill measures, in the order in which it says so. */
export const WAYBILL_METRICS = [
  'compute_gb_hours',
  'build_minutes',
  'storage_gb_hours',
  'bandwidth_gb',
  'custom_domains',
] as const;

/** Who rates here: a part of the service, on behalf of callers whose right to the account was judged before. */
const RATER: Principal = {
  id: 'project-cost',
  kind: 'internal',
  name: 'costs of projects',
  scopes: new Set(['usage:read']),
  accounts: '*',
};

const UNGROUPED = { timeZone: 'UTC', groupBy: [], filters: new Map<string, readonly string[]>() };

interface Measured {
  readonly account: Account;
  readonly meter: Meter;
  readonly versions: readonly ListPrice[];
}

/** What projects use and what it costs: the one place to ask, whatever it is rated by. */
@Injectable()
export class ProjectCostService {
  constructor(
    private readonly prices: UnitPriceService,
    private readonly charges: ListChargeService,
    private readonly usage: UsageQueryService,
  ) {}

  /**
   * Every metric of the account that was used in the stretch, with its exact cost. What is a level at an instant
   * (domains) is told as it stands at the end of the stretch. An empty stretch has none.
   */
  async costs(account: Account, stretch: Stretch): Promise<readonly ProjectCost[]> {
    return (await this.costsByWindow(account, stretch, 'total'))[0]?.costs ?? [];
  }

  /** The same in the UTC days or months that tile the stretch, clipped to it; what they cost adds up to the whole. */
  async costsByWindow(
    account: Account,
    stretch: Stretch,
    window: Extract<WindowSize, 'day' | 'month' | 'total'>,
  ): Promise<readonly ProjectCosts[]> {
    if (stretch.from >= stretch.to) return [];
    const found: (readonly (ProjectCost & Stretch)[])[] = [];
    for (const key of WAYBILL_METRICS) {
      const measured = { account, ...(await this.prices.of(key)) };
      const isFree = isLevel(measured.meter) && measured.versions.length === 0;
      // What costs nothing and is no amount of a day has no place in a chart of days.
      if (isFree && window === 'day') continue;
      const { rows } = await this.usage.of(account, measured.meter, { ...stretch, window, ...UNGROUPED });
      const costOf = this.#costs(measured, stretch);
      found.push(await Promise.all(rows.map(costOf)));
    }
    return found[0]!.map(({ from, to }, place) => {
      const costs = found.map((windows) => windows[place]!).filter(({ quantity }) => quantity.numerator > 0n);
      return { from, to, costs: costs.map(({ metric, quantity, cost }) => ({ metric, quantity, cost })) };
    });
  }

  /** How one window of the stretch is told. */
  #costs(measured: Measured, stretch: Stretch): (row: UsageRow) => Promise<ProjectCost & Stretch> {
    const { meter, versions } = measured;
    const isSimple = !isLevel(meter) || versions.length === 0;
    const unitAmount = isSimple ? unitAmountOver(versions, stretch) : null;
    return async ({ from, to, usage }) => {
      const used = isLevel(meter) ? await this.#levelAtEnd(measured, to) : (usage ?? RATIO_ZERO);
      const quantity = divideRatios(used, meter.divideBy);
      const cost =
        unitAmount === null
          ? await this.#charged(measured, { from, to })
          : multiplyRatios(quantity, unitAmount);
      return { from, to, metric: meter.key, quantity, cost };
    };
  }

  /** The highest level of the last millisecond is the one that holds when the stretch ends. */
  async #levelAtEnd({ account, meter }: Measured, to: number): Promise<Ratio> {
    const last = { from: to - 1, to, window: 'total' as const, ...UNGROUPED };
    return (await this.usage.of(account, meter, last)).rows[0]?.usage ?? RATIO_ZERO;
  }

  /** Rated period by period, where no single price per unit holds over the whole of it. */
  async #charged(measured: Measured, { from, to }: Stretch): Promise<Ratio> {
    let amount = RATIO_ZERO;
    for await (const line of this.charges.lines({ ...measured, principal: RATER }, { from, to })) {
      amount = addRatios(amount, line.amount ?? RATIO_ZERO);
    }
    return amount;
  }
}

function isLevel({ aggregation }: Meter): boolean {
  return aggregation === 'gauge_peak';
}

/** What everything comes to, in US dollars, exact. */
export function totalCost(costs: readonly ProjectCost[]): Ratio {
  return sumRatios(costs.map(({ cost }) => cost));
}
