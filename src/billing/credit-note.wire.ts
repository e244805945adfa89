import { z } from 'zod';
import { formatMoney, money } from '../core/money';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';
import { type AnswerOf, DecimalText, InstantText } from '../platform/doors/open-api-answer';
import type { CreditNote } from './credit-note.repository';
import { CreditNoteBody, type CreditInvoice } from './invoice.commands';
import type { StoredInvoice } from './stored-invoice';

export function fromRestGiveCreditNote(
  body: unknown,
  headers: unknown,
): CreditInvoice & { idempotencyKey: string | null } {
  const { 'idempotency-key': idempotencyKey = null } = IdempotencyHeaders.parse(headers);
  return { ...CreditNoteBody.parse(body ?? {}), idempotencyKey };
}

export const CreditNoteAnswer = z
  .strictObject({
    id: z.string().meta({ format: 'uuid' }),
    invoice: z.string().meta({ format: 'uuid' }),
    created_at: InstantText,
    currency: z.string(),
    net_amount: DecimalText,
    tax: DecimalText,
    total: DecimalText,
    given_back: DecimalText.meta({ description: 'Of what had been paid; the rest lowered what was open.' }),
    reason: z.string(),
  })
  .meta({ id: 'CreditNote' });

export const CreditNotesAnswer = z.strictObject({ items: z.array(CreditNoteAnswer) });

export function toRestCreditNote(
  note: CreditNote,
  { currency }: Pick<StoredInvoice, 'currency'>,
): AnswerOf<typeof CreditNoteAnswer> {
  const text = (minor: bigint): string => formatMoney(money(minor, currency!));
  return {
    ...{
      id: note.id,
      invoice: note.invoiceId,
      created_at: note.createdAt.toISOString(),
      currency: currency!,
    },
    ...{ net_amount: text(note.net), tax: text(note.tax), total: text(note.net + note.tax) },
    ...{ given_back: text(note.paid), reason: note.reason },
  };
}
