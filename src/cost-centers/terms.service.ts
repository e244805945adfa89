import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { overrideCard, parseOverrides } from '../core/card-overrides';
import { termsAt, type Agreement, type TermsVersion } from '../core/terms';
import type { Sql } from '../platform/transaction';
import { PlanService } from '../pricing/plan.service';
import type { StoredPlanVersion } from '../pricing/stored-plan';
import { TermsRepository } from './terms.repository';

/** New terms of an account, in the transaction that appends them. */
export interface TermsChange {
  readonly account: AccountRef;
  /** Every version, the new one last. */
  readonly versions: readonly TermsVersion[];
  /** When it was agreed, by the account's clock. */
  readonly at: Date;
}

/** Called under the account's lock; what it throws undoes the change. */
export type TermsListener = (sql: Sql, change: TermsChange) => Promise<void>;

/** What accounts agreed to, version by version, and what those versions cost. */
@Injectable()
export class TermsService {
  readonly #listeners: TermsListener[] = [];
  /** Cards by plan version and overrides. Nothing in here can grow old. */
  readonly #cards = new Map<string, StoredPlanVersion>();

  constructor(
    private readonly terms: TermsRepository,
    private readonly plans: PlanService,
  ) {}

  /** Called by a module while it is being initialised. */
  onChanged(listener: TermsListener): void {
    this.#listeners.push(listener);
  }

  /** Every version of one account, oldest first. */
  async versions(sql: Sql, account: AccountRef): Promise<TermsVersion[]> {
    return (await this.terms.read(sql, account.bucket, [account.id])).get(account.id)!;
  }

  /** The same for accounts of one bucket, by their ids. */
  versionsOf(sql: Sql, bucket: number, accountIds: readonly number[]): Promise<Map<number, TermsVersion[]>> {
    return this.terms.read(sql, bucket, accountIds);
  }

  /** The same for any accounts. */
  versionsOfMany(sql: Sql, accounts: readonly AccountRef[]): Promise<Map<number, TermsVersion[]>> {
    return this.terms.readMany(sql, accounts);
  }

  /**
   * Appends a version that holds from `validFrom` on and tells whoever listens. The caller holds the account's lock. An
   * agreement that says what is in force already, with nothing planned to follow, appends nothing and answers null.
   */
  async append(
    sql: Sql,
    account: AccountRef,
    { agreement, validFrom, at }: { agreement: Agreement; validFrom: number; at: Date },
  ): Promise<TermsVersion | null> {
    const versions = await this.versions(sql, account);
    const inForce = termsAt(versions, validFrom);
    const isLast = inForce === null || inForce.version === versions.length;
    if (inForce !== null && isLast && isSameAgreement(inForce, agreement)) return null;
    const version = await this.terms.append(sql, account, { ...agreement, validFrom });
    const appended = { ...agreement, version, validFrom };
    for (const listener of this.#listeners) {
      await listener(sql, { account, versions: [...versions, appended], at });
    }
    return appended;
  }

  /** What a plan version costs an account with these overrides. Throws `not-found` for an unknown version. */
  async card({
    planVersionId,
    overrides,
  }: {
    planVersionId: number;
    overrides: string | null;
  }): Promise<StoredPlanVersion> {
    const version = await this.plans.version(planVersionId);
    if (overrides === null) return version;
    const key = `${planVersionId} ${overrides}`;
    const known = this.#cards.get(key);
    if (known) return known;
    const card = { ...version, ...overrideCard(version, parseOverrides(JSON.parse(overrides))) };
    if (this.#cards.size >= CARDS_MAX) this.#cards.clear();
    this.#cards.set(key, card);
    return card;
  }
}

const CARDS_MAX = 10_000;

function isSameAgreement(one: Agreement, other: Agreement): boolean {
  return contentOf(one) === contentOf(other);
}

function contentOf({
  planVersionId,
  trialEndsAt,
  overrides,
  taxes,
  discounts,
  invoiceAt,
}: Agreement): string {
  const all = [planVersionId, trialEndsAt, overrides, taxes, discounts, invoiceAt];
  return JSON.stringify(all, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}
