import type { Posting } from '../core/transfer';
import { keyedId } from '../platform/keyed-id';

/** What makes a transfer the one it is. The amount is not part of it: the same fact with another amount is a conflict. */
export type TransferKey = Pick<Posting, 'kind' | 'source' | 'asset' | 'debit' | 'credit' | 'reverses'>;

/** The id of a transfer, a function of what it is; a transfer is reversed at most once, whatever for. */
export function transferId({ kind, source, asset, debit, credit, reverses }: TransferKey): string {
  if (reverses !== null) return keyedId('reversal', reverses);
  return keyedId('transfer', kind, source, asset, debit, credit);
}
