import type { Asset } from './asset';
import { amountOfMoney } from './asset';
import type { InvoiceTotals } from './invoice';
import { money, type Currency } from './money';
import { invoiceFinalised } from './posting';
import type { Quantity } from './quantity';
import type { LedgerName, Posting, TransferKind } from './transfer';

/** An invoice about to be final, as the ledger sees it. */
export interface PostedInvoice {
  readonly id: string;
  readonly currency: Currency;
  readonly totals: Pick<InvoiceTotals, 'net' | 'total'>;
  readonly at: Date;
}

export const invoiceSource = (id: string): string => `invoice:${id}`;

/**
 * What finalising an invoice posts (decisions E): its charges are owed, and then invoiced with their tax. An invoice that
 * gives back more than it bills takes charges and tax back; its customer then has the sum as a grant, which is issued apart.
 */
export function postingsOfInvoice({ id, currency, totals: { net, total }, at }: PostedInvoice): Posting[] {
  const [asset, source] = [currency as Asset, invoiceSource(id)];
  const amount = (minor: bigint): Quantity => amountOfMoney(money(minor, currency));
  const tax = total - net;
  const posted = (kind: TransferKind, debit: LedgerName, credit: LedgerName, minor: bigint): Posting[] =>
    minor <= 0n
      ? []
      : [{ asset, debit, credit, amount: amount(minor), kind, source, effectiveAt: at, reverses: null }];
  const charges = [
    ...posted('charge', 'receivable', 'usage', net),
    ...posted('adjustment', 'usage', 'receivable', -net),
  ];
  if (total >= 0n && net >= 0n && tax >= 0n) {
    return [...charges, ...invoiceFinalised({ asset, source, at, net: amount(net), tax: amount(tax) })];
  }
  return [...charges, ...posted('adjustment', 'tax', 'receivable', -tax)];
}
