import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import { type Asset, formatAmount } from '../core/asset';
import { DomainError, invalid } from '../core/errors';
import { type Grant, type GrantPart, drawGrants, inDrawingOrder, leftOf } from '../core/grant';
import { type Fact, grantExpired, grantIssued, grantUsed } from '../core/posting';
import { type Quantity, ZERO, formatQuantity, quantity } from '../core/quantity';
import { reversalOf } from '../core/transfer';
import { BillingEvents, type BillingEventWrite } from '../platform/billing-events/billing-events.service';
import { Database, type Sql } from '../platform/transaction';
import { GrantRepository } from './grant.repository';
import { LedgerRepository } from './ledger.repository';
import { LedgerService } from './ledger.service';
import type { Position } from './newest-first';
import type { NewGrant, StoredGrant } from './stored';
import { transferId } from './transfer-id';

/** A grant as its giver words it, and when it is given. Its id is a new one, or keyed by what it is given for. */
export interface GrantIssue extends NewGrant {
  readonly at: Date;
}

/** A payment asked of the grants of an account: at most so much, for a cause that asks once. */
export interface GrantDrawing extends Fact {
  /** What the grants pay for: an invoice, unless told what was not invoiced yet. */
  readonly pays?: 'settlement' | 'receivable';
}

/** Value given to accounts: issued, drawn in order, given back, lapsed. Every change moves the ledger with it. */
@Injectable()
export class GrantService {
  constructor(
    private readonly database: Database,
    private readonly grants: GrantRepository,
    private readonly ledger: LedgerService,
    private readonly transfers: LedgerRepository,
    private readonly events: BillingEvents,
  ) {}

  /**
   * Gives a grant and posts it. The id decides: once more with the same words answers the grant as it stands, with others
   * it is a `conflict`. Throws `invalid-argument` for one that would have ended already.
   */
  async issue(sql: Sql, account: AccountRef, { at, ...grant }: GrantIssue): Promise<StoredGrant> {
    const { id, kind, asset, amount, expiresAt } = grant;
    const isNew = await this.grants.insert(sql, account, grant);
    if (isNew && expiresAt !== null && expiresAt <= at) throw invalid('expires_at', 'must be in the future');
    const stored = (await this.grants.find(sql, account, id))!;
    if (!isSameGrant(stored, grant)) {
      throw new DomainError('conflict', 'Another grant was given under the same key');
    }
    await this.ledger.post(sql, account, [grantIssued(kind, { asset, amount, source: sourceOf(grant), at })]);
    return stored;
  }

  /** Those of the accounts of a bucket that have anything left to pay with, ended or not, in whatever asset. */
  async holders(sql: Sql, bucket: number, accountIds: readonly number[]): Promise<Set<number>> {
    return accountIds.length === 0 ? new Set() : this.grants.holders(sql, bucket, accountIds);
  }

  /** What the account could pay with at the instant, in the order in which it would (pricing rule 9). */
  async available(sql: Sql, account: AccountRef, asked: { asset: Asset; at: Date }): Promise<Grant[]> {
    return inDrawingOrder(await this.grants.usable(sql, account, asked));
  }

  /**
   * Pays with grants, at most `amount` and at most what there is, and answers which gave how much. The same source again
   * changes nothing and hears what it was given the first time. Takes the account's lock.
   */
  async draw(sql: Sql, account: AccountRef, wanted: GrantDrawing): Promise<GrantPart[]> {
    await this.ledger.lockAccount(sql, account);
    const { pays = 'settlement', asset, at } = wanted;
    const id = transferId(grantUsed(pays, wanted));
    const earlier = await this.grants.partsOf(sql, account, id);
    if (earlier.length > 0) return earlier;
    const parts = drawGrants(await this.available(sql, account, { asset, at }), wanted.amount);
    if (parts.length === 0) return [];
    await this.ledger.post(sql, account, [grantUsed(pays, { ...wanted, amount: sumOf(parts) })]);
    await this.grants.use(sql, account, { transferId: id, parts });
    return parts;
  }

  /**
   * Takes a drawing back, as the void of what it paid for must, and answers what was given back; nothing when that was
   * done before or nothing was drawn. What has ended meanwhile lapses with the next `expire`. Takes the account's lock.
   */
  async giveBack(
    sql: Sql,
    account: AccountRef,
    { pays = 'settlement', ...drawn }: Omit<GrantDrawing, 'amount'>,
  ): Promise<GrantPart[]> {
    await this.ledger.lockAccount(sql, account);
    const id = transferId(grantUsed(pays, { ...drawn, amount: ZERO }));
    const [original] = await this.transfers.find(sql, account, [id]);
    if (!original) return [];
    const [reversal] = await this.ledger.post(sql, account, [reversalOf(original, drawn)]);
    if (!reversal) return [];
    const parts = await this.grants.partsOf(sql, account, id);
    const back = parts.map((part) => ({ ...part, amount: quantity(-part.amount) }));
    await this.grants.use(sql, account, { transferId: reversal.id, parts: back });
    return parts;
  }

  /**
   * Posts what is left of grants that have ended, tells of each (`balance.grant_expired`) and answers it; again and again
   * is once. Takes the account's lock.
   */
  async expire(sql: Sql, account: AccountRef, at: Date): Promise<GrantPart[]> {
    await this.ledger.lockAccount(sql, account);
    const lapsing = await this.grants.lapsing(sql, account, at);
    if (lapsing.length === 0) return [];
    const postings = lapsing.map((grant) =>
      grantExpired({ asset: grant.asset, amount: leftOf(grant), source: expirySource(grant), at }),
    );
    await this.ledger.post(sql, account, postings);
    const parts = lapsing.map((grant) => ({ grantId: grant.id, amount: leftOf(grant) }));
    await this.grants.lapse(sql, account, parts);
    await this.events.emitAll(
      sql,
      lapsing.map((grant) => ({ account, ...expiryEvent(grant) })),
    );
    return parts;
  }

  /** Grants newest first, used up and ended ones among them. */
  list(account: AccountRef, after: Position | null, limit: number): Promise<StoredGrant[]> {
    return this.grants.list(this.database, account, { after, limit });
  }
}

const sourceOf = ({ id }: Pick<Grant, 'id'>): string => `grant:${id}`;

/** What is given back after the end lapses once more, so the end has a cause of its own each time. */
function expirySource(grant: Grant): string {
  return grant.expired === ZERO ? sourceOf(grant) : `${sourceOf(grant)}/${formatQuantity(grant.expired)}`;
}

function expiryEvent(grant: Grant): BillingEventWrite {
  const { id, asset, kind } = grant;
  const [amount, expires_at] = [formatAmount(leftOf(grant), asset), grant.expiresAt!.toISOString()];
  const data = { grant_id: id, kind, asset, amount, expires_at };
  return { type: 'balance.grant_expired', key: `${expirySource(grant)}:expired`, data };
}

function sumOf(parts: readonly GrantPart[]): Quantity {
  return quantity(parts.reduce((sum, { amount }) => sum + amount, 0n));
}

const WORDS = ['asset', 'kind', 'amount', 'priority', 'description'] as const;

function isSameGrant(stored: Grant, wanted: NewGrant): boolean {
  const sameEnd = stored.expiresAt?.getTime() === wanted.expiresAt?.getTime();
  return sameEnd && WORDS.every((word) => stored[word] === wanted[word]);
}
