import type { AccountRef } from '../core/account';
import type { AccountKey } from '../core/account-key';
import type { Stretch } from '../core/contribution';
import type { InvoiceKind, InvoiceStatus } from '../core/invoice';
import type { Currency } from '../core/money';
import type { Position } from '../ledger/newest-first';

/** An invoice to be finalised later. */
export interface NewDraft {
  readonly account: AccountRef;
  readonly id: string;
  readonly kind: InvoiceKind;
  readonly period: Stretch;
  readonly finaliseAt: Date;
}

/** Amounts of an invoice, in minor units of its currency. */
export interface InvoiceAmounts {
  /** The sum of its lines. */
  readonly subtotal: bigint;
  readonly discount: bigint;
  readonly tax: bigint;
  readonly total: bigint;
  /** Paid by grants when it became final. */
  readonly granted: bigint;
  /** What it gave back beyond what it billed, given as a grant. */
  readonly carried: bigint;
}

/** A discount or a tax as an invoice shows it; percent as text. */
export interface InvoicePart {
  readonly name: string;
  readonly percent?: string;
  readonly inclusive?: boolean;
  readonly minor: string;
}

/** An invoice as it is stored. A draft has no amounts yet. */
export interface StoredInvoice extends InvoiceAmounts {
  readonly account: AccountRef & { readonly key: AccountKey };
  readonly id: string;
  readonly kind: InvoiceKind;
  readonly status: InvoiceStatus;
  readonly period: Stretch;
  readonly createdAt: Date;
  readonly finaliseAt: Date;
  readonly finalisedAt: Date | null;
  readonly paidAt: Date | null;
  readonly voidedAt: Date | null;
  readonly currency: Currency | null;
  /** Taken by credit notes off what was unpaid. */
  readonly credited: bigint;
  readonly paid: bigint;
  readonly writtenOff: bigint;
  readonly discounts: readonly InvoicePart[];
  readonly taxes: readonly InvoicePart[];
  /** Given after it became final; gapless per issuer. */
  readonly number: string | null;
  readonly problem: string | null;
  readonly position: Position;
}

/** A line as it is stored: exact numbers as text (`ratioText`). */
export interface StoredInvoiceLine {
  readonly position: number;
  readonly kind: 'charge' | 'adjustment';
  readonly period: Stretch;
  readonly segment: Stretch;
  readonly planVersionId: number | null;
  readonly meter: string | null;
  readonly key: string;
  readonly description: string;
  readonly quantity: string | null;
  readonly unitAmount: string | null;
  readonly amount: string;
  readonly minor: bigint;
}

/** What a draft becomes; parts as JSON text. */
export interface FinalInvoice extends InvoiceAmounts {
  readonly account: AccountRef;
  readonly id: string;
  readonly status: 'finalised' | 'paid';
  readonly at: Date;
  readonly currency: Currency;
  readonly discounts: string;
  readonly taxes: string;
  readonly rated: string;
  readonly lines: readonly StoredInvoiceLine[];
}

/** What of a final invoice is still to be paid. */
export function openOf(invoice: StoredInvoice): bigint {
  const { status, total, granted, credited, paid, writtenOff, carried } = invoice;
  if (status === 'draft' || status === 'void') return 0n;
  return total + carried - granted - credited - paid - writtenOff;
}
