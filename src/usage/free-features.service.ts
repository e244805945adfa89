import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { Stretch } from '../core/contribution';
import { invalid } from '../core/errors';
import { periodAt } from '../core/period';
import { AccountClock } from '../platform/account-clock';
import { MeterService } from '../pricing/meter.service';
import { AccountTurns } from './account-turns';
import { FeatureUsageRepository } from './feature-usage.repository';
import { featureOfDims, FREE_FEATURES_METER } from './scorpius-feature';

/** Features without a meter that an account may use in one period (decision 15): each costs a row for ever. */
export const FREE_FEATURES_MAX = 100;

const ACCOUNTS_MAX = 10_000;

interface Known {
  readonly from: number;
  readonly names: Set<string>;
}

/** Which features without a meter an account uses in its period, and that they are not too many. */
@Injectable()
export class FreeFeatures {
  readonly #known = new Map<number, Known>();
  readonly #turns = new AccountTurns();

  constructor(
    private readonly usage: FeatureUsageRepository,
    private readonly meters: MeterService,
    private readonly clock: AccountClock,
  ) {}

  /**
   * Counts a feature by `count`. Throws `invalid-argument` on `feature` for one more than there may be. New features of one
   * account follow one another, so the cap is exact within a process; replicas at the same moment may each let one more in.
   */
  async counting<R>(account: Account, feature: string, count: () => Promise<R>): Promise<R> {
    const { from, to } = periodAt(account.calendar, this.clock.now(account));
    const period = { from: from.getTime(), to: to.getTime() };
    if (this.#isKnown(account, period, feature)) return count();
    const first = await this.#turns.run(account.id, async () => {
      if (this.#isKnown(account, period, feature)) return null;
      const names = await this.#read(account, period);
      if (!names.has(feature) && names.size >= FREE_FEATURES_MAX) {
        throw invalid(
          'feature',
          `is one more than the ${FREE_FEATURES_MAX} without a meter that a period may have`,
        );
      }
      const result = await count();
      names.add(feature);
      return { result };
    });
    return first === null ? count() : first.result;
  }

  #isKnown({ id }: Account, { from }: Stretch, feature: string): boolean {
    const known = this.#known.get(id);
    return known !== undefined && known.from === from && known.names.has(feature);
  }

  /** Read anew for each new feature, because other replicas count, too. */
  async #read(account: Account, period: Stretch): Promise<Set<string>> {
    const meter = (await this.meters.catalogue()).byKey.get(FREE_FEATURES_METER);
    const rows = meter ? await this.usage.counted(account, [meter.id], period) : [];
    const names = new Set(rows.filter(({ dims }) => dims !== '').map(({ dims }) => featureOfDims(dims)));
    if (this.#known.size >= ACCOUNTS_MAX) this.#known.clear();
    this.#known.set(account.id, { from: period.from, names });
    return names;
  }
}
