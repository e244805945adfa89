import type { INestApplicationContext } from '@nestjs/common';
import type { AccountKey } from '../core/account-key';
import type { Quantity } from '../core/quantity';
import {
  HistoryImport,
  type HistoryOutcome,
  type ImportedTransfer,
  type ImportedVersion,
} from '../cost-centers/history-import.service';
import { MemberService } from '../cost-centers/member.service';
import { type StripeCustomer, StripeCustomerService } from '../cost-centers/stripe-customer.service';
import type { Principal } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { ReconcileUsageService } from '../usage/reconcile-usage.service';
import type { GitpodAllowance, GitpodMember } from './gitpod-people';
import { DirectInstanceTarget } from './instance-direct';
import type { InstanceTarget } from './instance-target';

/** Whoever can start this program on the database needs no key for it. */
const IMPORTER: Principal = {
  id: 'importer',
  kind: 'internal',
  name: 'Gitpod import',
  scopes: new Set(['accounts:write']),
  accounts: '*',
};

/** Moves the tables of the original into the services of this process. */
export class DirectGitpodTarget {
  readonly instances: InstanceTarget;
  readonly #history: HistoryImport;
  readonly #members: MemberService;
  readonly #customers: StripeCustomerService;
  readonly #reconcile: ReconcileUsageService;
  readonly #clock: Clock;

  constructor(app: INestApplicationContext) {
    this.instances = new DirectInstanceTarget(app);
    this.#history = app.get(HistoryImport, { strict: false });
    this.#members = app.get(MemberService, { strict: false });
    this.#customers = app.get(StripeCustomerService, { strict: false });
    this.#reconcile = app.get(ReconcileUsageService, { strict: false });
    this.#clock = app.get(Clock, { strict: false });
  }

  allowance({ account, ...given }: GitpodAllowance): Promise<HistoryOutcome> {
    return this.#history.freeAllowance(IMPORTER, account, given);
  }

  async members(account: AccountKey, members: readonly GitpodMember[]): Promise<void> {
    await this.#members.put(IMPORTER, account, members);
  }

  transfers(account: AccountKey, transfers: readonly ImportedTransfer[]): Promise<HistoryOutcome[]> {
    return this.#history.transfers(IMPORTER, account, transfers);
  }

  /** Raises what an account owes by an amount, from what it should stand at. */
  opening(
    account: AccountKey,
    { amount, from }: { amount: Quantity; from: Quantity },
  ): Promise<HistoryOutcome> {
    return this.#history.opening(IMPORTER, account, { amount, from });
  }

  costCenter(account: AccountKey, history: readonly ImportedVersion[]): Promise<HistoryOutcome> {
    return this.#history.costCenter(IMPORTER, account, history);
  }

  stripeCustomer(account: AccountKey, customer: StripeCustomer): Promise<HistoryOutcome> {
    return this.#customers.keep(IMPORTER, account, customer);
  }

  /** Folds what was told into spans and charges them, as the job would. */
  async reconcile(): Promise<void> {
    await this.#reconcile.run({ now: this.#clock.now(), testClock: null });
  }

  /** What an account owes as posted, without what is pending. */
  posted(account: AccountKey): Promise<Quantity> {
    return this.#history.posted(account);
  }
}
