import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { AccountService } from '../cost-centers/account.service';
import { AccountClock } from '../platform/account-clock';
import { LimitsInForce } from './limits-in-force.service';

/** How Scorpius's wire calls having no plan, which cannot happen there. */
export const NO_PLAN = 'none';

/** Which plan an organisation has, for labels of metrics: as this process last met it, rather than asked for each time. */
@Injectable()
export class OrganizationPlan {
  constructor(
    private readonly accounts: AccountService,
    private readonly limits: LimitsInForce,
    private readonly clock: AccountClock,
  ) {}

  labelOf(account: Account): string {
    const now = this.clock.now(account).getTime();
    return this.limits.of(account, this.accounts.segmentAt(account, now), now)?.plan ?? NO_PLAN;
  }
}
