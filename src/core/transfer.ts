import { type Asset, assetPlaces, isWholeAmount } from './asset';
import { invalid } from './errors';
import { QUANTITY_MAX, type Quantity, ZERO, quantity } from './quantity';

/**
 * The names under which an account's value stands. A debit balance of `receivable` is what it owes and was not yet
 * invoiced for, one of `settlement` what it was invoiced for and has not paid.
 */
export const LEDGER_NAMES = [
  'receivable',
  'usage',
  'settlement',
  'payments',
  'grants',
  'allowance',
  'tax',
  'adjustments',
] as const;
export type LedgerName = (typeof LEDGER_NAMES)[number];

export const TRANSFER_KINDS = [
  'charge',
  'invoice',
  'payment',
  'credit_note',
  'uncollectible',
  'invoice_void',
  'grant_issued',
  'grant_used',
  'grant_expired',
  'usage_credit_note',
  'allowance_reset',
  'debt_settled',
  'adjustment',
  'reversal',
] as const;
export type TransferKind = (typeof TRANSFER_KINDS)[number];

/**
 * A transfer before it has an id. `source` names what caused it so finely (`invoice:<id>`, `span:<id>/<revision>`) that
 * one kind of transfer between the same two names happens at most once for it: that is what its id is made of.
 */
export interface Posting {
  readonly asset: Asset;
  readonly debit: LedgerName;
  readonly credit: LedgerName;
  readonly amount: Quantity;
  readonly kind: TransferKind;
  readonly source: string;
  readonly effectiveAt: Date;
  /** The transfer this one takes back. */
  readonly reverses: string | null;
}

/** Value moved between two names of one account; never changed afterwards. */
export interface Transfer extends Posting {
  readonly id: string;
}

/** What went in and out under one name; their difference is the balance. */
export interface Balance {
  readonly name: LedgerName;
  readonly asset: Asset;
  readonly debits: Quantity;
  readonly credits: Quantity;
}

const SOURCE = /^[!-~]{1,200}$/;

/** What moves, between which names and why: all that can be wrong with a posting or with what is pending. */
export type Move = Pick<Posting, 'asset' | 'debit' | 'credit' | 'amount' | 'source'>;

/** Throws `invalid-argument` unless a whole, positive amount moves from one name to another for a source. */
export function checkMove({ asset, debit, credit, amount, source }: Move): void {
  if (amount <= 0n || amount > QUANTITY_MAX) throw invalid('amount', 'must be above zero and at most 10^15');
  if (!isWholeAmount(amount, asset)) {
    throw invalid('amount', `must have at most ${assetPlaces(asset)} decimal places in ${asset}`);
  }
  if (debit === credit) throw invalid('credit', 'must be another name than debit');
  if (!SOURCE.test(source)) throw invalid('source', 'must be 1 to 200 printable characters without blanks');
}

/**
 * Whether both say the same. The time is not asked: a repeat may come at another one, and the first one's stands. Nor is
 * the cause of a reversal: a transfer is taken back once, whatever for.
 */
export function isSamePosting(one: Posting, other: Posting): boolean {
  if (one.reverses !== null) return one.reverses === other.reverses;
  return CONTENT.every((field) => one[field] === other[field]);
}

const CONTENT = ['asset', 'debit', 'credit', 'amount', 'kind', 'source', 'reverses'] as const;

/** The correction of a transfer: the same with its sides swapped, for a cause and at a time of its own. */
export function reversalOf(transfer: Transfer, { source, at }: { source: string; at: Date }): Posting {
  const { asset, amount, id, debit, credit } = transfer;
  const swapped = { debit: credit, credit: debit };
  return { asset, amount, ...swapped, kind: 'reversal', source, effectiveAt: at, reverses: id };
}

/** What the postings add to each name and asset, sorted by them. */
export function balancesOf(postings: Iterable<Posting>): Balance[] {
  const sums = new Map<string, Balance>();
  const add = ({ name, asset, debits, credits }: Balance): void => {
    const key = `${name} ${asset}`;
    const sum = sums.get(key) ?? { debits: ZERO, credits: ZERO };
    sums.set(key, {
      name,
      asset,
      debits: quantity(sum.debits + debits),
      credits: quantity(sum.credits + credits),
    });
  };
  for (const { debit, credit, asset, amount } of postings) {
    add({ name: debit, asset, debits: amount, credits: ZERO });
    add({ name: credit, asset, debits: ZERO, credits: amount });
  }
  return [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, balance]) => balance);
}
