import type { Asset } from '../core/asset';
import type { Grant } from '../core/grant';
import type { Quantity } from '../core/quantity';
import type { LedgerName, Move, Transfer } from '../core/transfer';
import type { Position } from './newest-first';

/** A transfer as it stands in the ledger. */
export interface StoredTransfer extends Transfer {
  readonly recordedAt: Date;
  readonly position: Position;
}

/** Debits less credits of one name and asset, as posted and with what is pending. */
export interface LedgerBalance {
  readonly name: LedgerName;
  readonly asset: Asset;
  readonly posted: Quantity;
  readonly withPending: Quantity;
}

/** What would be posted for the source if it ended now. */
export type PendingRow = Move;

/** A grant as it is stored. */
export interface StoredGrant extends Grant {
  readonly position: Position;
}

/** What its giver says of a grant. */
export type NewGrant = Omit<Grant, 'used' | 'expired' | 'createdAt'>;
