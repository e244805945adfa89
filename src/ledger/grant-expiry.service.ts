import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { RunClock } from '../platform/account-clock';
import { Logger } from '../platform/logger';
import { Database } from '../platform/transaction';
import { GrantRepository, type LapsingPosition } from './grant.repository';
import { GrantService } from './grant.service';

/** What a run came to. */
export interface GrantExpiryResult {
  readonly accounts: number;
  readonly grants: number;
}

const PAGE = 200;

/** Posts what is left of ended grants, of whatever account, one transaction for each. */
@Injectable()
export class GrantExpiryService {
  constructor(
    private readonly database: Database,
    private readonly stored: GrantRepository,
    private readonly grants: GrantService,
    private readonly logger: Logger,
  ) {}

  /**
   * Expires everything that has ended by then, of the clock's accounts; any number of these at once is one. An account that fails is logged and the
   * others go on; in the end their number is thrown, and the next run tries them again.
   */
  async run(clock: RunClock): Promise<GrantExpiryResult> {
    const at = clock.now;
    const seen = new Set<number>();
    let [accounts, grants, failed] = [0, 0, 0];
    let after: LapsingPosition | null = null;
    do {
      const page = await this.stored.lapsingOfAll(this.database, { ...clock, after, limit: PAGE });
      for (const account of page.filter(({ id }) => !seen.has(id) && seen.add(id))) {
        const expired = await this.#expire(account, at);
        if (expired === null) failed += 1;
        else if (expired > 0) [accounts, grants] = [accounts + 1, grants + expired];
      }
      after = page.length < PAGE ? null : page.at(-1)!.position;
    } while (after !== null);
    if (failed > 0) throw new Error(`the ended grants of ${failed} accounts could not be posted`);
    return { accounts, grants };
  }

  /** How many grants were posted, or null when the account failed. */
  async #expire(account: AccountRef, at: Date): Promise<number | null> {
    try {
      return (await this.database.transaction((tx) => this.grants.expire(tx, account, at))).length;
    } catch (error) {
      this.logger.error({ err: error, account: account.id }, 'ended grants of an account were not posted');
      return null;
    }
  }
}
