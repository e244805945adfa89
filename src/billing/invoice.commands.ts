import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import { INVOICE_STATUSES } from '../core/invoice';
import type { Ratio } from '../core/ratio';
import { parseInstant } from '../core/instant';
import { parseQuantity, quantityRatio, ZERO } from '../core/quantity';
import { invalid } from '../core/errors';
import { parsedBy } from '../platform/doors/parsed-by';
import { PageQuery } from '../platform/doors/pagination';
import { PutSubscription } from '../cost-centers/subscription-offer';

const WORDS = z
  .string()
  .max(500)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters');

export const InvoicePath = z.strictObject({ id: z.guid() });

export const ListInvoices = PageQuery.extend({
  status: z.enum(INVOICE_STATUSES).optional(),
});
export type ListInvoices = z.infer<typeof ListInvoices>;

/** Amounts of money as text in major units; read with the currency of their invoice. */
const Amount = z.string().max(40);

export const PayInvoiceBody = z
  .strictObject({
    amount: Amount.optional().meta({ description: 'In major units. Left out = what is open.' }),
    reference: WORDS.min(1).max(100).meta({
      description:
        'What names the payment, such as the id of a bank transfer: the same again is one payment.',
    }),
    paid_at: parsedBy(z.string().max(40), (text, field) => new Date(parseInstant(text, field))).optional(),
  })
  .transform(({ paid_at: paidAt, ...rest }) => ({ ...rest, paidAt }));
export type PayInvoice = z.infer<typeof PayInvoiceBody>;

export const CreditNoteBody = z.strictObject({
  net_amount: Amount.optional().meta({
    description: 'Without tax, in major units. Left out = all that is left of the invoice.',
  }),
  reason: WORDS.default(''),
});
export type CreditInvoice = z.infer<typeof CreditNoteBody>;

export const VoidInvoiceBody = z.strictObject({ reason: WORDS.default('') });

const Units = parsedBy(z.string().max(40), (text, field): Ratio => {
  const value = parseQuantity(text, field);
  if (value < ZERO) throw invalid(field, 'must not be negative');
  return quantityRatio(value);
});

/** The body of `POST /api/v1/preview`. */
export const PreviewBody = z.strictObject({
  account: z.string().max(300),
  until: z.enum(['period_end', 'now']).default('period_end').meta({
    description:
      '`period_end` = the invoice of the running period if nothing more were used; `now` = what an invoice made now would bill.',
  }),
  subscription: PutSubscription.optional().meta({
    description: 'As if the account agreed to this; nothing is agreed to.',
  }),
  usage: z.record(z.string().max(100), Units).default({}).meta({
    description: 'As if so much more of these meters, in their units, were used before the end.',
  }),
});
export type Preview = Omit<z.infer<typeof PreviewBody>, 'account'> & { readonly account: AccountKey };
