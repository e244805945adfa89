import { Inject, Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import { type AccountKey, accountScheme } from '../core/account-key';
import { CREDIT } from '../core/asset';
import {
  type WantedCostCenter,
  advanced,
  changedCostCenter,
  forgiven,
  isExpired,
  newCycle,
} from '../core/cost-center';
import { DomainError } from '../core/errors';
import { allowanceReset, debtSettled } from '../core/posting';
import { type Quantity, ZERO, formatQuantity } from '../core/quantity';
import { LedgerService } from '../ledger/ledger.service';
import { AccountClock } from '../platform/account-clock';
import { Audit, type Actor } from '../platform/audit/audit.service';
import { CONFIG, type Config } from '../platform/config';
import { Database, type Sql } from '../platform/transaction';
import { AccountService } from './account.service';
import { type CostCenterCause, CostCenterRepository, type StoredCostCenter } from './cost-center.repository';

/** A wish, and the version it was made upon; null = whatever there is. */
export interface SetCostCenter extends WantedCostCenter {
  readonly account: AccountKey;
  readonly expectedVersion: number | null;
}

/** An account with the version of its cost centre that is in force. */
export interface AccountCostCenter extends StoredCostCenter {
  readonly account: AccountKey;
}

interface Renewal {
  readonly actor: Actor;
  readonly now: Date;
}

/** Who bills an account and what it may spend in a cycle: made when first asked for, renewed when its cycle is over. */
@Injectable()
export class CostCenterService {
  constructor(
    private readonly costCenters: CostCenterRepository,
    private readonly accounts: AccountService,
    private readonly ledger: LedgerService,
    private readonly audit: Audit,
    private readonly database: Database,
    private readonly clock: AccountClock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'defaultSpendingLimit'>,
  ) {}

  /** The cost centre of an account, both made when there are none, and renewed when its cycle is over. */
  async get(actor: Actor, key: AccountKey): Promise<AccountCostCenter> {
    const account = await this.#account(key);
    const now = this.clock.now(account);
    const found = await this.costCenters.find(account);
    if (found && !isDue(account, found, now)) return { account: key, ...found };
    const current = await this.database.transaction((tx) => this.#current(tx, account, { actor, now }));
    return { account: key, ...current };
  }

  /**
   * Changes who bills and what may be spent. Whoever begins to pay is free of his debt; whoever ends gets the limit he had
   * before. The same again changes nothing. Throws `failed-precondition` when another version is in force than expected.
   */
  async set(
    actor: Actor,
    { account: key, expectedVersion, ...wanted }: SetCostCenter,
  ): Promise<AccountCostCenter> {
    const account = await this.#account(key);
    const now = this.clock.now(account);
    const changed = await this.database.transaction(async (tx) => {
      const current = await this.#current(tx, account, { actor, now });
      if (expectedVersion !== null && expectedVersion !== current.version) throw outdated(current.version);
      const isSame = wanted.strategy === current.strategy && wanted.spendingLimit === current.spendingLimit;
      return isSame ? current : this.#change(tx, account, { actor, now, current, wanted });
    });
    return { account: key, ...changed };
  }

  /** Renews the allowance of one account whose cycle is over; null = that was done before, or somebody else bills it. */
  async reset(actor: Actor, account: Account, now: Date): Promise<StoredCostCenter | null> {
    return this.database.transaction(async (tx) => {
      await this.ledger.lockAccount(tx, account);
      const current = await this.costCenters.find(account, tx);
      if (current === null || !isDue(account, current, now)) return null;
      return this.#reset(tx, account, { actor, now, current });
    });
  }

  /** Decides the free allowance again, once, when the first member becomes known. The caller holds the account's lock. */
  async learnFirstMember(sql: Sql, account: Account, actor: Actor): Promise<void> {
    const current = await this.costCenters.find(account, sql);
    if (current === null || !current.isDefault) return;
    const now = this.clock.now(account);
    const isGiven = await this.costCenters.giveFreeAllowance(sql, account, now);
    const { forUsers } = this.config.defaultSpendingLimit;
    const spendingLimit = isGiven ? forUsers : current.spendingLimit;
    await this.#append(sql, account, {
      actor,
      before: current,
      after: { ...current, spendingLimit, isDefault: false, createdAt: now, cause: 'first_member' },
    });
  }

  /** Every version, newest first. Throws `not-found` for an account that does not exist. */
  async history(
    account: Account,
    page: { before: number | null; limit: number },
  ): Promise<StoredCostCenter[]> {
    return this.costCenters.versions(account, page);
  }

  async #account(key: AccountKey): Promise<Account> {
    const known = this.accounts.known(key);
    if (known) return known;
    await this.accounts.learn([key]);
    return this.accounts.known(key) ?? this.accounts.get(key);
  }

  /** What is in force now, under the account's lock. */
  async #current(sql: Sql, account: Account, { actor, now }: Renewal): Promise<StoredCostCenter> {
    await this.ledger.lockAccount(sql, account);
    const found =
      (await this.costCenters.find(account, sql)) ?? (await this.#make(sql, account, { actor, now }));
    return isDue(account, found, now) ? this.#reset(sql, account, { actor, now, current: found }) : found;
  }

  async #make(sql: Sql, account: Account, { actor, now }: Renewal): Promise<StoredCostCenter> {
    const isUser = accountScheme(account.key) === 'user';
    const limits = this.config.defaultSpendingLimit;
    await this.costCenters.makeOnce(sql, account, { at: now, isUser, cycle: newCycle(now), ...limits });
    const made = (await this.costCenters.find(account, sql))!;
    await this.#write(sql, account, { actor, before: null, after: made });
    return made;
  }

  async #change(
    sql: Sql,
    account: Account,
    { actor, now, current, wanted }: Renewal & { current: StoredCostCenter; wanted: WantedCostCenter },
  ): Promise<StoredCostCenter> {
    const { forTeams } = this.config.defaultSpendingLimit;
    const limitBefore = (await this.costCenters.lastLimitOf(sql, account, 'other')) ?? forTeams;
    const balance = await this.balance(account, sql);
    const { terms, settled } = changedCostCenter(current, wanted, { now, balance, limitBefore });
    const after = await this.#append(sql, account, {
      ...{ actor, before: current, settled },
      after: { ...terms, isDefault: false, createdAt: now, cause: 'set' },
    });
    if (settled > ZERO) {
      const source = `debt-settled:${after.version}`;
      await this.ledger.post(sql, account, [
        debtSettled({ asset: CREDIT, amount: settled, source, at: now }),
      ]);
    }
    return after;
  }

  async #reset(
    sql: Sql,
    account: Account,
    { actor, now, current }: Renewal & { current: StoredCostCenter },
  ): Promise<StoredCostCenter> {
    const amount = forgiven(await this.balance(account, sql), current.spendingLimit);
    const after = await this.#append(sql, account, {
      ...{ actor, before: current, settled: amount },
      after: { ...advanced(current, now), createdAt: now, cause: 'reset' },
    });
    if (amount > ZERO) {
      const source = `allowance-reset:${after.cycle.from.toISOString()}`;
      await this.ledger.post(sql, account, [allowanceReset({ asset: CREDIT, amount, source, at: now })]);
    }
    return after;
  }

  /** What the account owes in credits: posted, and what its running usage would add if it ended now. */
  async balance(account: Account, sql?: Sql): Promise<Quantity> {
    const balances = await this.ledger.balances(account, sql);
    return balances.find(({ name, asset }) => name === 'receivable' && asset === CREDIT)?.withPending ?? ZERO;
  }

  async #append(sql: Sql, account: Account, change: CostCenterChange): Promise<StoredCostCenter> {
    const version = await this.costCenters.append(sql, account, change.after);
    const after = { ...change.after, version };
    await this.#write(sql, account, { ...change, after });
    return after;
  }

  async #write(
    sql: Sql,
    account: Account,
    { actor, before, after, settled = ZERO }: Omit<CostCenterChange, 'after'> & { after: StoredCostCenter },
  ): Promise<void> {
    await this.audit.write(sql, {
      ...{ account, actor, subject: `cost-center:${account.key}`, action: ACTIONS[after.cause] },
      before: before && audited(before),
      after: { ...audited(after), ...(settled > ZERO && { settled_credits: formatQuantity(settled) }) },
    });
  }
}

interface CostCenterChange {
  readonly actor: Actor;
  readonly before: StoredCostCenter | null;
  readonly after: Omit<StoredCostCenter, 'version'>;
  /** Credits taken off the debt with it. */
  readonly settled?: Quantity;
}

const ACTIONS: Record<CostCenterCause, string> = {
  made: 'cost-center.created',
  first_member: 'cost-center.first-member-learned',
  set: 'cost-center.set',
  reset: 'cost-center.reset',
  cycle: 'cost-center.cycle-advanced',
  imported: 'cost-center.imported',
};

/** A closed account is given nothing any more. */
const isDue = ({ closedAt }: Account, terms: StoredCostCenter, now: Date): boolean =>
  closedAt === null && isExpired(terms, now);

/** A version as the audit trail keeps it. */
function audited({ version, strategy, spendingLimit, cycle }: StoredCostCenter): object {
  const { from, to } = cycle;
  return { version, strategy, spending_limit: spendingLimit, cycle_from: from, cycle_to: to };
}

function outdated(version: number): DomainError {
  return new DomainError('failed-precondition', `The cost centre is at version ${version} by now`, [
    { field: 'version', reason: `is ${version} by now` },
  ]);
}
