import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { type AccountKey, accountScheme } from '../core/account-key';
import { CREDIT } from '../core/asset';
import { forgiven, isExpired } from '../core/cost-center';
import { quantity, parseQuantity, type Quantity } from '../core/quantity';
import { AccountClock } from '../platform/account-clock';
import { CostCenterRepository } from './cost-center.repository';
import { CostCenterService } from './cost-center.service';

/** What an account owes beside what it may owe. */
export interface Spending {
  readonly asset: string;
  readonly limit: Quantity;
  /** Posted, and what running usage would add if it ended now. */
  readonly owed: Quantity;
  /** From the limit on nothing more may be spent. */
  readonly isReached: boolean;
}

/** The schemes of accounts that can have a cost centre. */
const SCHEMES: ReadonlySet<string> = new Set(['team', 'user']);

/** Reads the one spending limit of an account; makes and renews nothing. */
@Injectable()
export class SpendingService {
  constructor(
    private readonly costCenters: CostCenterRepository,
    private readonly service: CostCenterService,
    private readonly clock: AccountClock,
  ) {}

  /** Whether an account can have one at all; the others cost no look. */
  hasLimit(key: AccountKey): boolean {
    return SCHEMES.has(accountScheme(key));
  }

  /**
   * Null = the account has no cost centre, so nothing limits what it spends. Where a cycle is over and the allowance not
   * renewed yet, what the renewal will forgive is not owed any more. Usage that runs on is owed as far as the last
   * reconciliation saw it: what is judged by this may overshoot the limit by what one of its intervals adds.
   */
  async of(account: Account): Promise<Spending | null> {
    if (!this.hasLimit(account.key)) return null;
    const terms = await this.costCenters.find(account);
    if (terms === null) return null;
    const balance = await this.service.balance(account);
    const isDue = account.closedAt === null && isExpired(terms, this.clock.now(account));
    const owed = isDue ? quantity(balance - forgiven(balance, terms.spendingLimit)) : balance;
    const limit = parseQuantity(String(terms.spendingLimit));
    return { asset: CREDIT, limit, owed, isReached: owed >= limit };
  }
}
