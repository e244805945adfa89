import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { AccountKey } from '../core/account-key';
import { DomainError } from '../core/errors';
import { AccountService } from '../cost-centers/account.service';
import { Audit } from '../platform/audit/audit.service';
import { type Principal, requireAccount } from '../platform/auth/principal';
import { Clock } from '../platform/clock';
import { Ids } from '../platform/ids';
import { Database, type Sql } from '../platform/transaction';
import { BudgetAlertRepository, type StoredAlert } from './budget-alert.repository';
import type { ChangeBudget, CreateBudget } from './budget.commands';
import { type Budget, BudgetRepository } from './budget.repository';
import { BudgetSpendingService, type PeriodSpending, weigh } from './budget-spending.service';
import type { Cleared, Throttle } from './throttle.repository';
import { ThrottleService } from './throttle.service';

const LATEST_ALERTS = 30;

/** A budget of a project, as a path names it. */
export interface BudgetName {
  readonly account: AccountKey;
  readonly id: string;
}

/** Budgets of projects, and what came of them. What is another project's does not exist. */
@Injectable()
export class BudgetService {
  constructor(
    private readonly accounts: AccountService,
    private readonly budgets: BudgetRepository,
    private readonly alertRows: BudgetAlertRepository,
    private readonly spendings: BudgetSpendingService,
    private readonly throttling: ThrottleService,
    private readonly database: Database,
    private readonly audit: Audit,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** The newest first; none of a project nobody knows. Throws `forbidden` for an account the caller may not act for. */
  async list(caller: Principal, key: AccountKey): Promise<Budget[]> {
    return this.#of(caller, key, (account) => this.budgets.list(account));
  }

  /** The latest thirty alerts, the newest first. Throws like `list`. */
  async alerts(caller: Principal, key: AccountKey): Promise<StoredAlert[]> {
    return this.#of(caller, key, (account) => this.alertRows.latest(account, LATEST_ALERTS));
  }

  /** The throttles in force. Throws like `list`. */
  async throttles(caller: Principal, key: AccountKey): Promise<Throttle[]> {
    return this.#of(caller, key, (account) => this.throttling.active(account));
  }

  /**
   * Makes a budget, and the account unless accounts must be known. Throws `conflict` when the project has one for this kind
   * of period, `forbidden` for an account the caller may not act for, `not-found` for one that must be known and is not.
   */
  async create(caller: Principal, key: AccountKey, wanted: CreateBudget): Promise<Budget> {
    requireAccount(caller, key);
    await this.accounts.learn([key]);
    const account = await this.accounts.find(key);
    if (account === null) throw new DomainError('not-found', 'project not found');
    const now = this.clock.now();
    const budget = { id: this.ids.uuidv7(), ...wanted, createdAt: now, updatedAt: now };
    await this.database.transaction(async (tx) => {
      if (!(await this.budgets.insert(tx, account, budget))) {
        throw new DomainError('conflict', 'budget already exists for this period');
      }
      await this.#audit(tx, { caller, account, action: 'budget.created', before: null, after: budget });
    });
    return budget;
  }

  /**
   * Changes what is given and lifts a throttle that is due no more; nothing given changes nothing. Throws `not-found` unless
   * the budget is the project's, `forbidden` for an account the caller may not act for.
   */
  async change(caller: Principal, { account: key, id }: BudgetName, wanted: ChangeBudget): Promise<Budget> {
    const { account, spendings } = await this.#toEdit(caller, key);
    return this.database.transaction(async (tx) => {
      const all = await this.budgets.lock(tx, account);
      const before = found(all, id);
      const after = changed(before, wanted, this.clock.now());
      if (after === before) return before;
      await this.budgets.update(tx, account, after);
      const budgets = all.map((budget) => (budget.id === id ? after : budget));
      const because = after.amountCents > before.amountCents ? 'budget_raised' : 'budget_changed';
      await this.#lift(tx, account, { budgets, spendings, because });
      await this.#audit(tx, { caller, account, action: 'budget.changed', before, after });
      return after;
    });
  }

  /** Removes a budget and lifts its throttle; its alerts stay. Throws like `change`. */
  async remove(caller: Principal, { account: key, id }: BudgetName): Promise<void> {
    const { account, spendings } = await this.#toEdit(caller, key);
    await this.database.transaction(async (tx) => {
      const all = await this.budgets.lock(tx, account);
      const before = found(all, id);
      await this.budgets.remove(tx, account, id);
      const budgets = all.filter((budget) => budget.id !== id);
      await this.#lift(tx, account, { budgets, spendings, because: 'budget_deleted' });
      await this.#audit(tx, { caller, account, action: 'budget.deleted', before, after: null });
    });
  }

  async #of<T>(caller: Principal, key: AccountKey, read: (account: Account) => Promise<T[]>): Promise<T[]> {
    requireAccount(caller, key);
    const account = await this.accounts.find(key);
    return account === null ? [] : read(account);
  }

  /** What was spent is read before anything is locked: it takes longest, and an alert more or less hangs on none of it. */
  async #toEdit(
    caller: Principal,
    key: AccountKey,
  ): Promise<{ account: Account; spendings: PeriodSpending[] }> {
    requireAccount(caller, key);
    const account = await this.accounts.find(key);
    if (account === null) throw unknownBudget();
    const kinds = (await this.budgets.list(account)).map(({ period }) => period);
    return { account, spendings: await this.spendings.read(account, kinds, this.clock.now()) };
  }

  async #lift(
    tx: Sql,
    account: Account,
    edited: { budgets: readonly Budget[]; spendings: readonly PeriodSpending[]; because: Cleared },
  ): Promise<void> {
    const running = edited.spendings.filter(({ isRunning }) => isRunning);
    const weighed = weigh(edited.budgets, running);
    const { because } = edited;
    await this.throttling.settle(tx, account, {
      ...{ at: this.clock.now(), weighed, because, mayActivate: false },
    });
  }

  async #audit(
    tx: Sql,
    change: {
      caller: Principal;
      account: Account;
      action: string;
      before: Budget | null;
      after: Budget | null;
    },
  ): Promise<void> {
    const { caller: actor, account, action, before, after } = change;
    const subject = `budget:${(after ?? before)!.id}`;
    const told = { before: before && audited(before), after: after && audited(after) };
    await this.audit.write(tx, { actor, account, action, subject, ...told });
  }
}

/** A budget as the audit trail keeps it. */
function audited({ amountCents, currency, period, thresholds, hardThrottle }: Budget): object {
  return { amount_cents: String(amountCents), currency, period, thresholds, hard_throttle: hardThrottle };
}

function found(budgets: readonly Budget[], id: string): Budget {
  const budget = budgets.find((each) => each.id === id);
  if (!budget) throw unknownBudget();
  return budget;
}

/** The same budget when nothing is different. */
function changed(budget: Budget, wanted: ChangeBudget, at: Date): Budget {
  const amountCents = wanted.amountCents ?? budget.amountCents;
  const thresholds = wanted.thresholds ?? budget.thresholds;
  const hardThrottle = wanted.hardThrottle ?? budget.hardThrottle;
  const after = { ...budget, amountCents, thresholds, hardThrottle };
  const isSame =
    amountCents === budget.amountCents &&
    hardThrottle === budget.hardThrottle &&
    thresholds.join() === budget.thresholds.join();
  return isSame ? budget : { ...after, updatedAt: at };
}

function unknownBudget(): DomainError {
  return new DomainError('not-found', 'budget not found');
}
