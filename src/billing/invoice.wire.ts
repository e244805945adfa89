import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import { INVOICE_KINDS, INVOICE_STATUSES } from '../core/invoice';
import { type Currency, formatMoney, money } from '../core/money';
import { formatRatio } from '../core/quantity';
import { parseRatioText } from '../core/ratio-text';
import { parseAccountKey } from '../core/account-key';
import { AccountKeyPath } from '../cost-centers/account-path';
import { type AnswerOf, DecimalText, InstantText, pageAnswer } from '../platform/doors/open-api-answer';
import { decodeCursor, encodeCursor, pageOf } from '../platform/doors/pagination';
import type { InvoiceWithLines } from './invoice.service';
import {
  CreditNoteBody,
  InvoicePath,
  ListInvoices,
  PayInvoiceBody,
  PreviewBody,
  VoidInvoiceBody,
  type CreditInvoice,
  type PayInvoice,
  type Preview,
} from './invoice.commands';
import { type InvoicePart, openOf, type StoredInvoice, type StoredInvoiceLine } from './stored-invoice';

const LIST = 'invoices';
const Position = z.strictObject({ at: z.int(), id: z.guid() });

export const fromRestInvoiceId = (path: unknown): string => InvoicePath.parse(path).id;
export const fromRestPayInvoice = (body: unknown): PayInvoice => PayInvoiceBody.parse(body ?? {});
export const fromRestCreditInvoice = (body: unknown): CreditInvoice => CreditNoteBody.parse(body ?? {});
export const fromRestVoidInvoice = (body: unknown): string => VoidInvoiceBody.parse(body ?? {}).reason;

export function fromRestPreview(body: unknown): Preview {
  const { account, ...rest } = PreviewBody.parse(body);
  return { ...rest, account: parseAccountKey(account) };
}

export interface InvoicePage {
  readonly account: AccountKey;
  readonly after: { at: number; id: string } | null;
  readonly limit: number;
  readonly status: (typeof INVOICE_STATUSES)[number] | null;
}

export function fromRestListInvoices(path: unknown, query: unknown): InvoicePage {
  const { key: account } = AccountKeyPath.parse(path);
  const { cursor, limit, status = null } = ListInvoices.parse(query);
  const after = cursor === undefined ? null : decodeCursor(LIST, Position, cursor);
  return { account, after, limit, status };
}

export const InvoicePartAnswer = z.strictObject({
  name: z.string(),
  percent: DecimalText.optional(),
  inclusive: z.boolean().optional(),
  amount: DecimalText,
});

const INVOICE = {
  id: z.string().meta({ format: 'uuid' }),
  account: z.string(),
  number: z
    .string()
    .nullable()
    .meta({ description: 'Gapless per issuer; given right after it becomes final.' }),
  kind: z.enum(INVOICE_KINDS),
  status: z.enum(INVOICE_STATUSES),
  currency: z.string().nullable(),
  period_start: InstantText,
  period_end: InstantText,
  created_at: InstantText,
  finalise_at: InstantText.meta({ description: 'Until then usage that comes late still gets on it.' }),
  finalised_at: InstantText.nullable(),
  paid_at: InstantText.nullable(),
  voided_at: InstantText.nullable(),
  subtotal: DecimalText.nullable(),
  discounts: z.array(InvoicePartAnswer),
  taxes: z.array(InvoicePartAnswer),
  total: DecimalText.nullable().meta({
    description: 'Null while it is a draft; a preview says what it would be.',
  }),
  paid_by_grants: DecimalText.nullable(),
  carried_over: DecimalText.nullable().meta({ description: 'Given back beyond what it bills, as a grant.' }),
  credited: DecimalText.nullable().meta({ description: 'Taken by credit notes off what was unpaid.' }),
  paid: DecimalText.nullable(),
  amount_due: DecimalText.nullable(),
  problem: z.string().nullable().meta({ description: 'Why it could not be made final.' }),
};

export const InvoiceLineAnswer = z
  .strictObject({
    position: z.int(),
    kind: z.enum(['charge', 'adjustment']),
    meter: z.string().nullable().meta({ description: 'Null for the base fee.' }),
    description: z.string(),
    period_start: InstantText,
    period_end: InstantText,
    from: InstantText.meta({ description: 'The part of the period under one plan version.' }),
    to: InstantText,
    quantity: DecimalText.nullable(),
    unit_amount: DecimalText.nullable(),
    amount_exact: DecimalText,
    amount: DecimalText,
  })
  .meta({ id: 'InvoiceLine' });

export const InvoiceAnswer = z
  .strictObject({ ...INVOICE, lines: z.array(InvoiceLineAnswer) })
  .meta({ id: 'Invoice' });
export const InvoicePageAnswer = pageAnswer(z.strictObject(INVOICE).meta({ id: 'InvoiceSummary' }));

const textOf = (at: number): string => new Date(at).toISOString();
const decimalOf = (exact: string): string => formatRatio(parseRatioText(exact));

function summaryOf(invoice: StoredInvoice) {
  const { currency, period } = invoice;
  const amount = (minor: bigint): string | null =>
    currency === null ? null : formatMoney(money(minor, currency));
  return {
    ...{ id: invoice.id, account: invoice.account.key, number: invoice.number },
    ...{ kind: invoice.kind, status: invoice.status, currency },
    ...{ period_start: textOf(period.from), period_end: textOf(period.to) },
    created_at: invoice.createdAt.toISOString(),
    finalise_at: invoice.finaliseAt.toISOString(),
    finalised_at: invoice.finalisedAt?.toISOString() ?? null,
    paid_at: invoice.paidAt?.toISOString() ?? null,
    voided_at: invoice.voidedAt?.toISOString() ?? null,
    subtotal: amount(invoice.subtotal),
    discounts: partsOf(invoice.discounts, currency),
    taxes: partsOf(invoice.taxes, currency),
    total: amount(invoice.total),
    paid_by_grants: amount(invoice.granted),
    carried_over: amount(invoice.carried),
    credited: amount(invoice.credited),
    paid: amount(invoice.paid),
    amount_due: amount(openOf(invoice)),
    problem: invoice.problem,
  };
}

export function partsOf(parts: readonly InvoicePart[], currency: Currency | null) {
  if (currency === null) return [];
  return parts.map(({ minor, ...part }) => ({
    ...part,
    amount: formatMoney(money(BigInt(minor), currency)),
  }));
}

export function toRestLine(line: StoredInvoiceLine, currency: Currency): AnswerOf<typeof InvoiceLineAnswer> {
  const { position, kind, meter, description, period, segment, quantity, unitAmount, amount, minor } = line;
  return {
    ...{ position, kind, meter, description },
    ...{ period_start: textOf(period.from), period_end: textOf(period.to) },
    ...{ from: textOf(segment.from), to: textOf(segment.to) },
    quantity: quantity && decimalOf(quantity),
    unit_amount: unitAmount && decimalOf(unitAmount),
    amount_exact: decimalOf(amount),
    amount: formatMoney(money(minor, currency)),
  };
}

export function toRestInvoice({ invoice, lines }: InvoiceWithLines): AnswerOf<typeof InvoiceAnswer> {
  return { ...summaryOf(invoice), lines: lines.map((line) => toRestLine(line, invoice.currency!)) };
}

export function toRestInvoicePage(
  invoices: readonly StoredInvoice[],
  { limit }: InvoicePage,
): AnswerOf<typeof InvoicePageAnswer> {
  const page = pageOf(invoices, limit, ({ position }) => encodeCursor(LIST, { ...position }));
  return { items: page.items.map(summaryOf), next_cursor: page.next_cursor };
}
