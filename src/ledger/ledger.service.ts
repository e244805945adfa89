import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { DomainError } from '../core/errors';
import { type Posting, type Transfer, checkMove, isSamePosting, reversalOf } from '../core/transfer';
import { counter } from '../platform/metrics';
import { Database, type Sql } from '../platform/transaction';
import { LedgerRepository } from './ledger.repository';
import type { Position } from './newest-first';
import type { LedgerBalance, PendingRow, StoredTransfer } from './stored';
import { transferId } from './transfer-id';

/** A reversal's own cause and time, and the transfer it takes back. */
export interface Reversal {
  readonly transferId: string;
  readonly source: string;
  readonly at: Date;
}

/**
 * The books of accounts. What writes takes the caller's open transaction, because the facts a transfer comes from are
 * written in the same one.
 */
@Injectable()
export class LedgerService {
  readonly #posted = counter(
    {
      name: 'tallyhouse_ledger_transfers_total',
      help: 'Transfers posted, by kind; also by transactions that were taken back afterwards',
    },
    ['kind'],
  );

  constructor(
    private readonly database: Database,
    private readonly ledger: LedgerRepository,
  ) {}

  /**
   * Holds the account's row until the transaction ends. Whoever computes money locks first and reads afterwards (decision
   * A2); ingest never does. Throws `not-found` for an account that does not exist.
   */
  async lockAccount(sql: Sql, account: AccountRef): Promise<void> {
    if (!(await this.ledger.lockAccount(sql, account)))
      throw new DomainError('not-found', 'There is no such account');
  }

  /**
   * Posts what is not there yet and answers just that; balances move in the same statement. Twice is once. Throws
   * `conflict` when one of them stands with another amount, and `invalid-argument` for what is no transfer at all.
   */
  async post(sql: Sql, account: AccountRef, postings: readonly Posting[]): Promise<Transfer[]> {
    return (await this.postAll(sql, account.bucket, [{ account, postings }])).get(account.id)!;
  }

  /** The same for accounts of one bucket in one statement, each named once; what was new, by account id. */
  async postAll(
    sql: Sql,
    bucket: number,
    entries: readonly { account: AccountRef; postings: readonly Posting[] }[],
  ): Promise<Map<number, Transfer[]>> {
    const wanted = entries.map(({ account, postings }) => ({
      account,
      transfers: distinctTransfers(postings),
    }));
    const all = wanted.flatMap(({ account, transfers }) =>
      transfers.map((transfer) => ({ ...transfer, accountId: account.id })),
    );
    const fresh = all.length === 0 ? NONE : await this.ledger.post(sql, bucket, all);
    this.#countFresh(all, fresh);
    const posted = new Map<number, Transfer[]>();
    for (const { account, transfers } of wanted) {
      // Mostly nothing was there before, and a batch is long.
      if (fresh.size === all.length) {
        posted.set(account.id, transfers);
        continue;
      }
      const isFresh = ({ id }: Transfer): boolean => fresh.has(`${account.id} ${id}`);
      posted.set(account.id, transfers.filter(isFresh));
      const known = transfers.filter((transfer) => !isFresh(transfer));
      if (known.length > 0) await this.#mustStandAs(sql, account, known);
    }
    return posted;
  }

  /**
   * Replaces everything pending of the sources named by `rows`; a row of zero only says that its source has nothing
   * pending any more. Whoever computed the rows holds the account's lock.
   */
  async setPending(sql: Sql, account: AccountRef, rows: readonly PendingRow[]): Promise<void> {
    const { id: accountId, bucket } = account;
    await this.setPendingAll(
      sql,
      bucket,
      rows.map((row) => ({ ...row, accountId })),
    );
  }

  /** The same for accounts of one bucket in one statement. */
  async setPendingAll(
    sql: Sql,
    bucket: number,
    rows: readonly (PendingRow & { readonly accountId: number })[],
  ): Promise<void> {
    if (rows.length === 0) return;
    const kept = rows.filter(({ amount }) => amount !== 0n);
    for (const row of kept) checkMove(row);
    const sources = new Map(rows.map((row) => [`${row.accountId} ${row.source}`, row]));
    await this.ledger.replacePending(sql, bucket, { sources: [...sources.values()], rows: kept });
  }

  /** Debits less credits by name and asset, as posted and with what is pending; of an open transaction when given. */
  balances(account: AccountRef, sql: Sql = this.database): Promise<LedgerBalance[]> {
    return this.ledger.balances(sql, account);
  }

  /** What was caused by the source, oldest first. */
  ofSource(account: AccountRef, source: string, sql: Sql = this.database): Promise<StoredTransfer[]> {
    return this.ledger.ofSource(sql, account, source);
  }

  /** Transfers newest first, after a position of an earlier page. */
  history(account: AccountRef, after: Position | null, limit: number): Promise<StoredTransfer[]> {
    return this.ledger.history(this.database, account, { after, limit });
  }

  /**
   * Takes a transfer back by another one and answers it, or null when that was done before. Throws `not-found`, and
   * `failed-precondition` for a reversal (say the fact again instead) and for transfers of grants (those are given back).
   */
  async reverse(
    sql: Sql,
    account: AccountRef,
    { transferId: id, ...cause }: Reversal,
  ): Promise<Transfer | null> {
    const [original] = await this.ledger.find(sql, account, [id]);
    if (!original) throw new DomainError('not-found', 'There is no such transfer');
    if (original.reverses !== null) throw notReversible('A reversal is not reversed');
    if ([original.debit, original.credit].includes('grants'))
      throw notReversible('Grants are given back instead');
    return (await this.post(sql, account, [reversalOf(original, cause)]))[0] ?? null;
  }

  #countFresh(
    transfers: readonly (Transfer & { readonly accountId: number })[],
    fresh: ReadonlySet<string>,
  ): void {
    const counts = new Map<string, number>();
    for (const { accountId, id, kind } of transfers) {
      if (fresh.has(`${accountId} ${id}`)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    for (const [kind, count] of counts) this.#posted.inc({ kind }, count);
  }

  async #mustStandAs(sql: Sql, account: AccountRef, transfers: readonly Transfer[]): Promise<void> {
    const ids = transfers.map(({ id }) => id);
    const stored = new Map((await this.ledger.find(sql, account, ids)).map((found) => [found.id, found]));
    for (const transfer of transfers) {
      const found = stored.get(transfer.id);
      if (!found || !isSamePosting(found, transfer)) throw conflict(transfer);
    }
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Checked, with their ids, each once. */
function distinctTransfers(postings: readonly Posting[]): Transfer[] {
  const byId = new Map<string, Transfer>();
  for (const posting of postings) {
    checkMove(posting);
    const transfer = { ...posting, id: transferId(posting) };
    const twin = byId.get(transfer.id);
    if (twin && !isSamePosting(twin, transfer)) throw conflict(transfer);
    byId.set(transfer.id, twin ?? transfer);
  }
  return [...byId.values()];
}

function conflict({ kind, source }: Posting): DomainError {
  return new DomainError('conflict', `The ${kind} of ${source} was posted with another amount`);
}

function notReversible(message: string): DomainError {
  return new DomainError('failed-precondition', message);
}
