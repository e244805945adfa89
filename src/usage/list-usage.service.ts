import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { AccountKey } from '../core/account-key';
import type { Properties } from '../core/event';
import { type Quantity, ZERO } from '../core/quantity';
import { AccountService } from '../cost-centers/account.service';
import { type Principal, requireAccount } from '../platform/auth/principal';
import {
  ListUsageRepository,
  type UsageEntry,
  type UsageEntryFilter,
  type UsageEntryOrder,
} from './list-usage.repository';

/** Usage of an account by the number of a page; the first page is 1. */
export interface ListUsage extends UsageEntryFilter {
  readonly account: AccountKey;
  readonly order: UsageEntryOrder;
  readonly perPage: number;
  readonly page: bigint;
}

/** The same from a place on; `asOf` is the instant running spans had cost so much at on the first page. */
export interface ListUsageAfter extends UsageEntryFilter {
  readonly account: AccountKey;
  readonly order: UsageEntryOrder;
  readonly after: { readonly at: Date; readonly id: string; readonly asOf: Date | null } | null;
  readonly limit: number;
}

/** An entry with what is known of the person who caused it. */
export interface ListedUsage extends UsageEntry {
  readonly profile: Properties | null;
}

export interface UsagePage {
  readonly entries: readonly ListedUsage[];
  readonly total: bigint;
  /** Of all pages. */
  readonly creditsUsed: Quantity;
}

/** Spans of an account as entries of usage: what ended at its price, what runs as of its last accrual. */
@Injectable()
export class ListUsageService {
  constructor(
    private readonly entries: ListUsageRepository,
    private readonly accounts: AccountService,
  ) {}

  /** One page by its number, and what holds for all of them: O(entries). An unknown account has none. */
  async list(caller: Principal, { account: key, ...command }: ListUsage): Promise<UsagePage> {
    requireAccount(caller, key);
    const account = this.accounts.known(key) ?? (await this.accounts.find(key));
    if (!account) return { entries: [], total: 0n, creditsUsed: ZERO };
    const accruedAt = await this.entries.accruedAt(account);
    const { count, credits } = await this.entries.totals(account, command, accruedAt);
    const offset = BigInt(command.perPage) * (command.page - 1n);
    const page = { order: command.order, after: null, limit: command.perPage, accruedAt };
    const entries =
      offset >= count
        ? []
        : await this.entries.page(account, command, { ...page, offset: parseInt(String(offset), 10) });
    return { entries: await this.#withProfiles(account, entries), total: count, creditsUsed: credits };
  }

  /** The entries after a place, and the instant they were listed as of: the cost of a page does not grow with its number. */
  async listAfter(
    caller: Principal,
    { account: key, ...command }: ListUsageAfter,
  ): Promise<{ entries: ListedUsage[]; asOf: Date | null }> {
    const account = await this.accounts.getFor(caller, key);
    const asOf = command.after ? command.after.asOf : await this.entries.accruedAt(account);
    const page = { order: command.order, after: command.after, offset: 0, limit: command.limit };
    const entries = await this.entries.page(account, command, { ...page, accruedAt: asOf });
    return { entries: await this.#withProfiles(account, entries), asOf };
  }

  async #withProfiles(account: Account, entries: readonly UsageEntry[]): Promise<ListedUsage[]> {
    const users = new Set(entries.flatMap(({ attributes }) => userOf(attributes) ?? []));
    const profiles = await this.entries.profiles(account, [...users]);
    return entries.map((entry) => ({
      ...entry,
      profile: profiles.get(userOf(entry.attributes) ?? '') ?? null,
    }));
  }
}

function userOf(attributes: Properties): string | null {
  const user = attributes['user_id'];
  return typeof user === 'string' ? user : null;
}
