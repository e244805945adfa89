import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { RunClock } from '../platform/account-clock';
import type { Actor } from '../platform/audit/audit.service';
import { Logger } from '../platform/logger';
import { AccountService } from './account.service';
import { CostCenterRepository } from './cost-center.repository';
import { CostCenterService } from './cost-center.service';

const PAGE = 1_000;

/** What one run did. */
export interface ResetUsage {
  readonly reset: number;
  readonly failed: number;
}

/** Renews the allowances of all whose cycle is over. Each is a transaction of its own: one that fails keeps nobody else waiting. */
@Injectable()
export class ResetUsageService {
  constructor(
    private readonly costCenters: CostCenterRepository,
    private readonly service: CostCenterService,
    private readonly accounts: AccountService,
    private readonly logger: Logger,
  ) {}

  async run(actor: Actor, clock: RunClock): Promise<ResetUsage> {
    const outcomes: (boolean | null)[] = [];
    for (let after = 0; ;) {
      const ids = await this.costCenters.expired(clock, { after, limit: PAGE });
      if (ids.length === 0) break;
      for (const account of (await this.accounts.byIds(ids)).values()) {
        outcomes.push(await this.#reset(actor, account, clock.now));
      }
      after = ids.at(-1)!;
    }
    const [reset, failed] = [true, null].map((each) => outcomes.filter((one) => one === each).length);
    return { reset: reset!, failed: failed! };
  }

  /** The next instant at which an account of a test clock is to be renewed: the first one after its cycle. */
  async nextDue(testClock: string): Promise<Date | null> {
    const over = await this.costCenters.nextReset(testClock);
    return over && new Date(over.getTime() + 1);
  }

  /** Whether it was renewed; null = it could not be. */
  async #reset(actor: Actor, account: Account, now: Date): Promise<boolean | null> {
    try {
      return (await this.service.reset(actor, account, now)) !== null;
    } catch (error) {
      this.logger.error({ err: error, account: account.key }, 'an allowance could not be renewed');
      return null;
    }
  }
}
