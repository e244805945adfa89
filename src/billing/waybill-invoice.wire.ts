import { z } from 'zod';
import { amountOfMoney } from '../core/asset';
import { doubleOfRatio } from '../core/double';
import { money } from '../core/money';
import { quantityRatio } from '../core/quantity';
import { openOf, type StoredInvoice } from './stored-invoice';

/** As the original's pages show them, and as its table of billing records names them. */
export const WaybillInvoiceAnswer = z
  .object({
    id: z.string(),
    number: z.string().nullable(),
    date: z.string(),
    dueDate: z.string().nullable(),
    amount: z.number(),
    status: z.enum(['draft', 'pending', 'overdue', 'paid', 'void', 'uncollectible']),
    pdfUrl: z.string().nullable(),
    stripeUrl: z.null(),
    period_start: z.string(),
    period_end: z.string(),
    currency: z.string().nullable(),
    subtotal: z.number(),
    credits_applied: z.number(),
    total_amount: z.number(),
  })
  .meta({ id: 'WaybillInvoice' });

export const WaybillInvoicesAnswer = z.object({
  project_id: z.string(),
  invoices: z.array(WaybillInvoiceAnswer),
});

export function toWaybillInvoices(
  projectId: string,
  { invoices, now, termMs }: { invoices: readonly StoredInvoice[]; now: Date; termMs: number },
) {
  return { project_id: projectId, invoices: invoices.map((invoice) => invoiceOf(invoice, { now, termMs })) };
}

function invoiceOf(invoice: StoredInvoice, { now, termMs }: { now: Date; termMs: number }) {
  const { id, number, currency, period, finalisedAt } = invoice;
  const amount = (minor: bigint): number =>
    currency === null ? 0 : doubleOfRatio(quantityRatio(amountOfMoney(money(minor, currency))));
  const dueAt = finalisedAt && new Date(finalisedAt.getTime() + termMs);
  return {
    ...{ id, number, currency },
    date: (finalisedAt ?? new Date(period.to)).toISOString(),
    dueDate: dueAt?.toISOString() ?? null,
    amount: amount(invoice.total),
    status: statusOf(invoice, dueAt, now),
    pdfUrl: finalisedAt && `/api/v1/invoices/${id}/pdf`,
    stripeUrl: null,
    period_start: new Date(period.from).toISOString(),
    period_end: new Date(period.to).toISOString(),
    subtotal: amount(invoice.subtotal - invoice.discount),
    credits_applied: amount(invoice.granted),
    total_amount: amount(invoice.total - invoice.granted),
  };
}

function statusOf(invoice: StoredInvoice, dueAt: Date | null, now: Date) {
  if (invoice.status !== 'finalised') return invoice.status;
  return dueAt !== null && now > dueAt && openOf(invoice) > 0n ? 'overdue' : 'pending';
}
