import { z } from 'zod';
import { formatMoney, money } from '../core/money';
import { type AnswerOf, DecimalText, InstantText } from '../platform/doors/open-api-answer';
import { discountParts, storedLine, taxParts } from './invoice-plan';
import { InvoiceLineAnswer, InvoicePartAnswer, partsOf, toRestLine } from './invoice.wire';
import type { Previewed } from './preview.service';

export const PreviewAnswer = z
  .strictObject({
    account: z.string(),
    period_start: InstantText,
    period_end: InstantText,
    at: InstantText.meta({ description: 'Levels count up to here.' }),
    currency: z.string().nullable().meta({ description: 'Null = nothing would be billed.' }),
    lines: z.array(InvoiceLineAnswer),
    subtotal: DecimalText.nullable(),
    discounts: z.array(InvoicePartAnswer),
    taxes: z.array(InvoicePartAnswer),
    total: DecimalText.nullable(),
  })
  .meta({ id: 'Preview', description: 'What an invoice would say. Nothing is written.' });

export function toRestPreview({ claim, plan }: Previewed): AnswerOf<typeof PreviewAnswer> {
  const textOf = (at: number): string => new Date(at).toISOString();
  const { account, period, now } = claim;
  const head = {
    ...{
      account: account.key,
      period_start: textOf(period.from),
      period_end: textOf(period.to),
      at: textOf(now),
    },
  };
  if (plan === null) {
    return { ...head, currency: null, lines: [], subtotal: null, discounts: [], taxes: [], total: null };
  }
  const { currency, lines, totals } = plan;
  return {
    ...{ ...head, currency, lines: lines.map((line, i) => toRestLine(storedLine(line, i), currency)) },
    subtotal: formatMoney(money(totals.subtotal, currency)),
    discounts: partsOf(discountParts(totals), currency),
    taxes: partsOf(taxParts(totals), currency),
    total: formatMoney(money(totals.total, currency)),
  };
}
