import { Inject, Injectable } from '@nestjs/common';
import type { AccountKey } from '../core/account-key';
import { DomainError } from '../core/errors';
import type { Stretch } from '../core/contribution';
import { type Calendar, periodAt } from '../core/period';
import { Audit } from '../platform/audit/audit.service';
import { CONFIG, type Config } from '../platform/config';
import { type Principal, mayUseAccount, requireAccount } from '../platform/auth/principal';
import { SharedLoad } from '../platform/shared-load';
import { Database, type Sql } from '../platform/transaction';
import type { PutAccount } from './account.commands';
import { type Account, DEFAULT_CALENDAR } from '../core/account';
import { AccountRepository, type ReadAccount } from './account.repository';

const CACHED_ACCOUNTS = 200_000;

/** Accounts by key. Keys and calendars never change once made; that one was closed, this process notices when it did it. */
@Injectable()
export class AccountService {
  readonly #known = new Map<AccountKey, Account>();
  /** The segment each account was last asked for: most events fall into the running one. */
  readonly #segments = new WeakMap<Account, Stretch>();
  readonly #loads = new SharedLoad<AccountKey>((keys) => this.#loadKeys(keys));

  constructor(
    private readonly accounts: AccountRepository,
    private readonly database: Database,
    private readonly audit: Audit,
    @Inject(CONFIG) private readonly config: Pick<Config, 'requireKnownAccounts'>,
  ) {}

  /** The account when this process has met it; undefined says nothing about the database. */
  known(key: AccountKey): Account | undefined {
    return this.#known.get(key);
  }

  /**
   * Learns the accounts of all keys, making the missing ones unless REQUIRE_KNOWN_ACCOUNTS is set; afterwards
   * `known` answers for them. Callers of one moment share one round trip.
   */
  async learn(keys: readonly AccountKey[]): Promise<void> {
    await this.#loads.need(keys);
  }

  /** The segment of the account's calendar that holds the instant (milliseconds): its period, cut by its terms. */
  segmentAt(account: Account, at: number): Stretch {
    const last = this.#segments.get(account);
    if (last && at >= last.from && at < last.to) return last;
    const { from, to } = periodAt(account.calendar, new Date(at));
    const segment = { from: from.getTime(), to: to.getTime() };
    this.#segments.set(account, segment);
    return segment;
  }

  /** Whoever came meanwhile may have asked for the same: an account that is known stays the one it is. */
  async #loadKeys(wanted: AccountKey[]): Promise<void> {
    const keys = wanted.filter((key) => !this.#known.has(key));
    if (keys.length === 0) return;
    this.#remember(await this.accounts.find(keys));
    const missing = keys.filter((key) => !this.#known.has(key));
    if (missing.length === 0 || this.config.requireKnownAccounts) return;
    await this.accounts.make(missing, DEFAULT_CALENDAR);
    this.#remember(await this.accounts.find(missing));
  }

  #remember(accounts: readonly Account[]): void {
    if (this.#known.size + accounts.length > CACHED_ACCOUNTS) this.#known.clear();
    for (const account of accounts) this.#known.set(account.key, account);
  }

  /** Accounts by their ids, all of which exist. A caller with a transaction reads in it: it must not wait for a second connection. */
  async byIds(ids: readonly number[], sql?: Sql): Promise<Map<number, Account>> {
    return new Map((await this.accounts.findByIds(ids, sql)).map((account) => [account.id, account]));
  }

  /** The account, or null; makes nothing. */
  async find(key: AccountKey): Promise<ReadAccount | null> {
    return (await this.accounts.find([key]))[0] ?? null;
  }

  /** The account, or `not-found`; makes nothing. */
  async get(key: AccountKey): Promise<ReadAccount> {
    const account = await this.find(key);
    if (!account) throw unknownAccount(key);
    return account;
  }

  /** The same for a caller: an account that is not his does not exist for him. */
  async getFor(caller: Principal, key: AccountKey): Promise<ReadAccount> {
    if (!mayUseAccount(caller, key)) throw unknownAccount(key);
    return this.get(key);
  }

  /**
   * Makes an account with its calendar, or renames an existing one. The calendar of an existing account is fixed:
   * another one is refused as `failed-precondition`, because its counters stand in the periods of the first.
   */
  async putFor(caller: Principal, key: AccountKey, wanted: PutAccount): Promise<ReadAccount> {
    requireAccount(caller, key);
    return this.database.transaction((tx) => this.#put(tx, caller, { key, ...wanted }));
  }

  async #put(
    tx: Sql,
    caller: Principal,
    { key, ...wanted }: PutAccount & { key: AccountKey },
  ): Promise<ReadAccount> {
    const isNew = await this.accounts.makeNamed(tx, key, wanted);
    const account = (await this.accounts.find([key], tx))[0]!;
    if (!sameCalendar(account.calendar, wanted.calendar)) {
      throw new DomainError('failed-precondition', `Account ${key} exists with another calendar`, [
        { field: 'anchor', reason: 'is fixed, with interval and time zone, once the account exists' },
      ]);
    }
    const before = isNew ? null : await this.accounts.rename(tx, key, wanted.name);
    const changed = { ...account, name: wanted.name };
    if (isNew || before !== undefined) {
      await this.audit.write(tx, {
        ...{ account, actor: caller, subject: `account:${key}` },
        ...(isNew
          ? { action: 'account.created', after: audited(changed) }
          : { action: 'account.renamed', before: { name: before }, after: { name: wanted.name } }),
      });
    }
    return changed;
  }

  /** Reads the account again when it is next asked for. */
  forget(key: AccountKey): void {
    this.#known.delete(key);
  }

  list(afterId: number, limit: number, scope: readonly string[] | null): Promise<ReadAccount[]> {
    return this.accounts.list(afterId, limit, scope);
  }
}

function unknownAccount(key: AccountKey): DomainError {
  return new DomainError('not-found', `No account ${key}`);
}

/** An account as the audit trail keeps it. */
function audited({ key, name, calendar }: Account): object {
  const { anchor, interval, count, timeZone } = calendar;
  return { key, name, anchor, interval, interval_count: count, time_zone: timeZone };
}

function sameCalendar(a: Calendar, b: Calendar): boolean {
  return (
    a.anchor.getTime() === b.anchor.getTime() &&
    a.interval === b.interval &&
    a.count === b.count &&
    a.timeZone === b.timeZone
  );
}
