import { Injectable } from '@nestjs/common';
import type { AccountKey } from '../core/account-key';
import { type Quantity, ZERO } from '../core/quantity';
import { type Principal, requireAccount, requireEveryAccount } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { AccountService } from './account.service';
import { type AccountCostCenter, CostCenterService, type SetCostCenter } from './cost-center.service';
import { ResetUsageService } from './reset-usage.service';
import { type AddUsageCreditNote, UsageCreditNoteService } from './usage-credit-note.service';

/** What the rpcs of usage.v1 about accounts do, for whoever may act for them. */
@Injectable()
export class UsageRpcService {
  constructor(
    private readonly costCenters: CostCenterService,
    private readonly resets: ResetUsageService,
    private readonly notes: UsageCreditNoteService,
    private readonly accounts: AccountService,
    private readonly clock: Clock,
  ) {}

  async getCostCenter(caller: Principal, key: AccountKey): Promise<AccountCostCenter> {
    requireAccount(caller, key);
    return this.costCenters.get(caller, key);
  }

  async setCostCenter(caller: Principal, wanted: SetCostCenter): Promise<AccountCostCenter> {
    requireAccount(caller, wanted.account);
    return this.costCenters.set(caller, wanted);
  }

  /** Renews every allowance whose cycle is over. */
  async resetUsage(caller: Principal): Promise<void> {
    requireEveryAccount(caller);
    await this.resets.run(caller, { now: this.clock.now(), testClock: null });
  }

  /** What an account owes in credits; an unknown one owes nothing, and is not made. */
  async getBalance(caller: Principal, key: AccountKey): Promise<Quantity> {
    requireAccount(caller, key);
    const account = this.accounts.known(key) ?? (await this.accounts.find(key));
    return account ? this.costCenters.balance(account) : ZERO;
  }

  async addUsageCreditNote(caller: Principal, note: AddUsageCreditNote): Promise<void> {
    requireAccount(caller, note.account);
    await this.notes.add(caller, note);
  }
}
