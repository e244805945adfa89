import { Inject, Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { RunClock } from '../platform/account-clock';
import type { Actor } from '../platform/audit/audit.service';
import { currentCall } from '../platform/call-life';
import { CONFIG, type Config } from '../platform/config';
import { inParallel } from '../platform/in-parallel';
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
  readonly #atOnce: number;

  constructor(
    private readonly costCenters: CostCenterRepository,
    private readonly service: CostCenterService,
    private readonly accounts: AccountService,
    private readonly logger: Logger,
    @Inject(CONFIG) { databasePoolSize }: Pick<Config, 'databasePoolSize'>,
  ) {
    this.#atOnce = Math.floor(databasePoolSize / 4);
  }

  async run(actor: Actor, clock: RunClock): Promise<ResetUsage> {
    const done = { reset: 0, failed: 0 };
    for (let after = 0; ;) {
      const ids = await this.costCenters.expired(clock, { after, limit: PAGE });
      if (ids.length === 0) return done;
      const accounts = [...(await this.accounts.byIds(ids)).values()];
      const outcomes = await inParallel(accounts, this.#atOnce, (each) =>
        this.#reset(actor, each, clock.now),
      );
      for (const outcome of outcomes) if (outcome !== 'current') done[outcome]++;
      after = ids.at(-1)!;
    }
  }

  /** The first instant at which an allowance of the test clock's accounts is over; null = there is none. */
  async nextDue(testClock: string): Promise<Date | null> {
    const at = await this.costCenters.nextExpiry(testClock);
    return at && new Date(at.getTime() + 1);
  }

  /** What became of it; current = somebody else was faster. */
  async #reset(actor: Actor, account: Account, now: Date): Promise<'reset' | 'failed' | 'current'> {
    try {
      return (await this.service.reset(actor, account, now)) === null ? 'current' : 'reset';
    } catch (error) {
      // Whoever asked has gone: that is nobody's failure, and the rest need not be tried.
      currentCall()?.throwIfOver();
      this.logger.error({ err: error, account: account.key }, 'an allowance could not be renewed');
      return 'failed';
    }
  }
}
