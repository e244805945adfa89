import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { AccountKey } from '../core/account-key';
import { CREDIT } from '../core/asset';
import type { CostCenterTerms } from '../core/cost-center';
import { adjustment } from '../core/posting';
import { type Quantity, ZERO } from '../core/quantity';
import type { Posting } from '../core/transfer';
import { LedgerService } from '../ledger/ledger.service';
import { AccountClock } from '../platform/account-clock';
import { Audit, type Actor } from '../platform/audit/audit.service';
import { BlindIndex } from '../platform/blind-index';
import { Database, type Sql } from '../platform/transaction';
import { AccountService } from './account.service';
import { CostCenterRepository, type StoredCostCenter } from './cost-center.repository';
import { type UsageCreditNote, UsageCreditNoteRepository } from './usage-credit-note.repository';

/** `stands`: it is here already. `conflict`: something else is here, which stays. */
export type HistoryOutcome = 'imported' | 'stands' | 'conflict';

/** One thing that cost centres said elsewhere. */
export interface ImportedVersion extends CostCenterTerms {
  readonly createdAt: Date;
}

/** What moved elsewhere, under a cause of its own, and the note it was moved by. */
export interface ImportedTransfer {
  readonly postings: readonly Posting[];
  readonly note: UsageCreditNote | null;
}

/** The cause of what makes a balance equal to that of the original. */
const OPENING_SOURCE = 'gitpod:opening';
const VERSIONS_MAX = 100_000;

/** Takes over what was agreed and posted elsewhere, once, however often it is told. */
@Injectable()
export class HistoryImport {
  constructor(
    private readonly costCenters: CostCenterRepository,
    private readonly notes: UsageCreditNoteRepository,
    private readonly accounts: AccountService,
    private readonly ledger: LedgerService,
    private readonly blindIndex: BlindIndex,
    private readonly audit: Audit,
    private readonly database: Database,
    private readonly clock: AccountClock,
  ) {}

  /**
   * Appends the history of a cost centre, oldest first, to what was imported of it before. A cost centre that was made or
   * changed here is a `conflict`, unless all of the history is in it.
   */
  costCenter(actor: Actor, key: AccountKey, history: readonly ImportedVersion[]): Promise<HistoryOutcome> {
    return this.#locked(key, async (tx, account) => {
      const page = { before: null, limit: VERSIONS_MAX };
      const found = await this.costCenters.versions(account, page, tx);
      const missing = history.filter(({ createdAt }) => !found.some((each) => isImported(each, createdAt)));
      if (missing.length === 0) return 'stands';
      const newest = found[0];
      const isOwn = found.some(({ cause }) => cause !== 'imported');
      if (isOwn || (newest && missing[0]!.createdAt <= newest.createdAt)) return 'conflict';
      for (const version of missing) {
        const imported = { ...version, isDefault: false, cause: 'imported' as const };
        await this.costCenters.append(tx, account, imported);
      }
      const { strategy, spendingLimit, cycle } = missing.at(-1)!;
      await this.audit.write(tx, {
        ...{ account, actor, subject: `cost-center:${key}`, action: 'cost-center.imported' },
        after: {
          ...{ versions: missing.length, strategy, spending_limit: spendingLimit },
          ...{ cycle_from: cycle.from, cycle_to: cycle.to },
        },
      });
      return 'imported';
    });
  }

  /**
   * Keeps that a person and his address had the free allowance, so that they get none again. `conflict` = the account, the
   * person or the address has another one, or the account has no cost centre that it could be in.
   */
  freeAllowance(
    actor: Actor,
    key: AccountKey,
    { userId, email, givenAt }: { userId: string; email: string | null; givenAt: Date | null },
  ): Promise<HistoryOutcome> {
    return this.#locked(key, async (tx, account) => {
      const before = await this.costCenters.freeAllowanceOf(tx, account);
      if (before !== null) return before === userId ? 'stands' : 'conflict';
      if ((await this.costCenters.find(account, tx)) === null) return 'conflict';
      const emailIndex = email === null ? null : this.blindIndex.ofEmail(email);
      const given = { userId, emailIndex, givenAt: givenAt ?? this.clock.now(account) };
      if (!(await this.costCenters.insertFreeAllowance(tx, account, given))) return 'conflict';
      await this.audit.write(tx, {
        ...{ account, actor, action: 'free-allowance.imported', subject: `account:${key}` },
        after: { user_id: userId },
      });
      return 'imported';
    });
  }

  /**
   * Posts transfers that are not there yet, and answers what became of each. One that stands is left as it is, also where more
   * is known by now of what it was for.
   */
  transfers(
    actor: Actor,
    key: AccountKey,
    transfers: readonly ImportedTransfer[],
  ): Promise<HistoryOutcome[]> {
    return this.#locked(key, async (tx, account) => {
      const outcomes: HistoryOutcome[] = [];
      for (const transfer of transfers) outcomes.push(await this.#transfer(tx, account, transfer));
      const posted = outcomes.filter((outcome) => outcome === 'imported').length;
      if (posted > 0) await this.#auditTransfers(tx, account, { actor, after: { transfers: posted } });
      return outcomes;
    });
  }

  /**
   * Makes what an account owes another amount, once for all: by how much, from what it should stand at. `conflict` = it was
   * done before by another amount, which stays, or the account stands at something else.
   */
  opening(
    actor: Actor,
    key: AccountKey,
    { amount, from }: { amount: Quantity; from: Quantity },
  ): Promise<HistoryOutcome> {
    return this.#locked(key, async (tx, account) => {
      const at = this.clock.now(account);
      const postings = adjustment({ asset: CREDIT, amount, source: OPENING_SOURCE, at });
      const found = await this.ledger.ofSource(account, OPENING_SOURCE, tx);
      if (found.length > 0) return owedBy(found) === owedBy(postings) ? 'stands' : 'conflict';
      if (postings.length === 0) return 'stands';
      if ((await this.#posted(account, tx)) !== from) return 'conflict';
      await this.ledger.post(tx, account, postings);
      await this.#auditTransfers(tx, account, { actor, after: { opening: postings } });
      return 'imported';
    });
  }

  /** What the account owes in credits, as posted, without what is pending; zero of one that does not exist. */
  async posted(key: AccountKey): Promise<Quantity> {
    const account = await this.accounts.find(key);
    return account === null ? ZERO : this.#posted(account);
  }

  async #posted(account: Account, sql?: Sql): Promise<Quantity> {
    const balances = await this.ledger.balances(account, sql);
    return balances.find(({ name, asset }) => name === 'receivable' && asset === CREDIT)?.posted ?? ZERO;
  }

  async #transfer(tx: Sql, account: Account, { postings, note }: ImportedTransfer): Promise<HistoryOutcome> {
    const isNew = note !== null && (await this.notes.insert(tx, account, note));
    const [posting] = postings;
    if (!posting) return isNew ? 'imported' : 'stands';
    const found = await this.ledger.ofSource(account, posting.source, tx);
    if (found.length > 0) return owedBy(found) === owedBy(postings) ? 'stands' : 'conflict';
    await this.ledger.post(tx, account, postings);
    return 'imported';
  }

  async #auditTransfers(
    tx: Sql,
    account: Account,
    { actor, after }: { actor: Actor; after: object },
  ): Promise<void> {
    const subject = `account:${account.key}`;
    await this.audit.write(tx, { account, actor, action: 'ledger.imported', subject, after });
  }

  /** The account is made when it is not there, and held until the work is committed. */
  async #locked<R>(key: AccountKey, work: (tx: Sql, account: Account) => Promise<R>): Promise<R> {
    await this.accounts.learn([key]);
    const account = await this.accounts.get(key);
    return this.database.transaction(async (tx) => {
      await this.ledger.lockAccount(tx, account);
      return work(tx, account);
    });
  }
}

/** By how much the postings raise what is owed. */
function owedBy(postings: readonly Posting[]): bigint {
  return postings.reduce((sum, { debit, amount }) => sum + (debit === 'receivable' ? amount : -amount), 0n);
}

function isImported({ cause, createdAt }: StoredCostCenter, at: Date): boolean {
  return cause === 'imported' && createdAt.getTime() === at.getTime();
}
