import type { Account } from '../core/account';
import type { Stretch } from '../core/contribution';
import type { InvoiceStatus } from '../core/invoice';
import { type Currency, formatMoney, money } from '../core/money';
import { wallClock } from '../core/period';
import { formatRatio } from '../core/quantity';
import { parseRatioText } from '../core/ratio-text';
import type { InvoiceWithLines } from './invoice.service';
import { type InvoicePart, openOf, type StoredInvoice, type StoredInvoiceLine } from './stored-invoice';

/** Who bills, as the installation says; what is empty is not shown. */
export interface Seller {
  readonly name: string;
  readonly address: readonly string[];
  readonly taxId: string;
  /** Stands at the foot of every page: a bank account, a register number. */
  readonly footer: readonly string[];
}

/** Days of the account's time zone as `2025-01-31`, both of them included. */
export interface Days {
  readonly first: string;
  readonly last: string;
}

/** One line as it is shown; amounts and quantities are text that nothing computes with any more. */
export interface DocumentLine {
  readonly description: string;
  /** Where it is about a part of its group's days only. */
  readonly part: Days | null;
  readonly quantity: string | null;
  /** As agreed, never rounded to the minor unit. */
  readonly unitPrice: string | null;
  readonly amount: string;
}

/** Lines of one period. `ahead` is what is paid before its period begins, `adjustments` corrects what was billed before. */
export interface DocumentGroup {
  readonly kind: 'charges' | 'ahead' | 'adjustments';
  readonly days: Days;
  readonly lines: readonly DocumentLine[];
}

/** One row below the lines. An amount that takes away has a minus sign; `included-tax` is in the total already. */
export interface DocumentSum {
  readonly kind:
    | 'subtotal'
    | 'discount'
    | 'tax'
    | 'included-tax'
    | 'total'
    | 'grants'
    | 'credited'
    | 'paid'
    | 'written-off'
    | 'carried'
    | 'due';
  readonly label: string;
  readonly amount: string;
}

/** Everything an invoice on paper says. Renderers take this and nothing else, so that all of them say the same. */
export interface InvoiceDocument {
  readonly id: string;
  /** Null for a draft, and for the moment in which a final invoice waits for its number. */
  readonly number: string | null;
  readonly status: InvoiceStatus;
  readonly seller: Seller;
  readonly buyer: { readonly name: string | null; readonly key: string };
  /** Null for a draft that has no amounts yet. */
  readonly currency: Currency | null;
  /** Days of the account's time zone; null for what has not happened. */
  readonly issuedOn: string | null;
  readonly paidOn: string | null;
  readonly voidedOn: string | null;
  readonly period: Days;
  readonly timeZone: string;
  readonly groups: readonly DocumentGroup[];
  readonly sums: readonly DocumentSum[];
  /** What a file made of it names as its time: the same invoice is the same file. */
  readonly madeAt: Date;
}

/**
 * The invoice as it is shown to people. Nothing is computed here but the rows that follow from stored amounts; the name of the
 * account and the seller are those of now.
 */
export function invoiceDocument(
  { invoice, lines }: InvoiceWithLines,
  { account, seller }: { account: Pick<Account, 'name' | 'calendar'>; seller: Seller },
): InvoiceDocument {
  const { timeZone } = account.calendar;
  const day = (at: Date | null): string | null => at && dayOf(at.getTime(), timeZone);
  const { id, number, status, currency } = invoice;
  return {
    ...{ id, number, status, currency, seller, timeZone },
    buyer: { name: account.name, key: invoice.account.key },
    issuedOn: day(invoice.finalisedAt),
    paidOn: day(invoice.paidAt),
    voidedOn: day(invoice.voidedAt),
    period: daysOf(invoice.period, timeZone),
    groups: currency === null ? [] : groupsOf(lines, { invoice, currency, timeZone }),
    sums: currency === null ? [] : sumsOf(invoice, currency),
    madeAt: invoice.finalisedAt ?? invoice.createdAt,
  };
}

function dayOf(at: number, timeZone: string): string {
  return new Date(wallClock(at, timeZone)).toISOString().slice(0, 10);
}

/** Its end belongs to the next period, so the last day is that of the instant before. */
function daysOf({ from, to }: Stretch, timeZone: string): Days {
  return { first: dayOf(from, timeZone), last: dayOf(to - 1, timeZone) };
}

const GROUP_ORDER: readonly DocumentGroup['kind'][] = ['charges', 'ahead', 'adjustments'];

interface Place {
  readonly invoice: StoredInvoice;
  readonly currency: Currency;
  readonly timeZone: string;
}

function groupsOf(lines: readonly StoredInvoiceLine[], place: Place): DocumentGroup[] {
  const groups = new Map<string, { kind: DocumentGroup['kind']; from: number; lines: StoredInvoiceLine[] }>();
  for (const line of lines) {
    const kind = groupKind(line, place.invoice);
    const key = `${kind} ${line.period.from}`;
    const group = groups.get(key) ?? { kind, from: line.period.from, lines: [] };
    group.lines.push(line);
    groups.set(key, group);
  }
  return [...groups.values()]
    .sort((a, b) => GROUP_ORDER.indexOf(a.kind) - GROUP_ORDER.indexOf(b.kind) || a.from - b.from)
    .map(({ kind, lines: own }) => ({
      kind,
      days: daysOf(own[0]!.period, place.timeZone),
      lines: own.map((line) => lineOf(line, place)),
    }));
}

function groupKind({ kind, period }: StoredInvoiceLine, invoice: StoredInvoice): DocumentGroup['kind'] {
  if (kind === 'adjustment') return 'adjustments';
  return period.from > invoice.period.from ? 'ahead' : 'charges';
}

function lineOf(line: StoredInvoiceLine, { currency, timeZone }: Place): DocumentLine {
  const { description, period, segment, quantity, unitAmount, minor } = line;
  const isWhole = segment.from === period.from && segment.to === period.to;
  return {
    description,
    part: isWhole ? null : daysOf(segment, timeZone),
    quantity: quantity && decimalOf(quantity),
    unitPrice: unitAmount && decimalOf(unitAmount),
    amount: formatMoney(money(minor, currency)),
  };
}

/** A number that does not end within 15 places says so. */
function decimalOf(exact: string): string {
  const text = formatRatio(parseRatioText(exact));
  return exact.includes('/') ? `${text}…` : text;
}

function sumsOf(invoice: StoredInvoice, currency: Currency): DocumentSum[] {
  const sum = (kind: DocumentSum['kind'], label: string, minor: bigint): DocumentSum => ({
    ...{ kind, label },
    amount: formatMoney(money(minor, currency)),
  });
  const taxes = invoice.taxes.map((tax) =>
    tax.inclusive === true
      ? sum('included-tax', `${partLabel(tax)} included`, BigInt(tax.minor))
      : sum('tax', partLabel(tax), BigInt(tax.minor)),
  );
  return [
    sum('subtotal', 'Subtotal', invoice.subtotal),
    ...invoice.discounts.map((each) => sum('discount', partLabel(each), -BigInt(each.minor))),
    ...taxes.filter(({ kind }) => kind === 'tax'),
    sum('total', 'Total', invoice.total),
    ...taxes.filter(({ kind }) => kind === 'included-tax'),
    ...settlements(invoice).map(([kind, label, minor]) => sum(kind, label, minor)),
    sum('due', 'Amount due', openOf(invoice)),
  ];
}

/** What leads from the total to what is due. A void invoice gave everything back. */
function settlements(invoice: StoredInvoice): [kind: DocumentSum['kind'], label: string, minor: bigint][] {
  const { status, granted, credited, paid, writtenOff, carried } = invoice;
  const all: [DocumentSum['kind'], string, bigint][] = [
    ['grants', 'Paid by grants', -granted],
    ['credited', 'Credited', -credited],
    ['paid', 'Paid', -paid],
    ['written-off', 'Written off', -writtenOff],
    ['carried', 'Given as a grant for later invoices', carried],
  ];
  return all.filter(([, , minor]) => minor !== 0n && status !== 'void');
}

const partLabel = ({ name, percent }: InvoicePart): string =>
  percent === undefined ? name : `${name} ${percent} %`;

/** What stands across an invoice that is not simply open; null = nothing. */
export function stampOf({ status }: InvoiceDocument): string | null {
  return STAMPS[status];
}

const STAMPS: Record<InvoiceStatus, string | null> = {
  draft: 'DRAFT',
  finalised: null,
  paid: 'PAID',
  void: 'VOID',
  uncollectible: 'UNCOLLECTIBLE',
};

export function titleOf({ number, status }: InvoiceDocument): string {
  if (status === 'draft') return 'Invoice (draft)';
  return number === null ? 'Invoice' : `Invoice ${number}`;
}

export function daysText({ first, last }: Days): string {
  return first === last ? first : `${first} to ${last}`;
}

export function groupTitle({ kind, days }: DocumentGroup): string {
  return GROUP_TITLES[kind].replace('*', daysText(days));
}

const GROUP_TITLES: Record<DocumentGroup['kind'], string> = {
  charges: 'Charges, *',
  ahead: 'Paid ahead, *',
  adjustments: 'Adjustments of *, billed before',
};

/** The facts at the head, each with its name; what has not happened is left out. */
export function headFacts(document: InvoiceDocument): [name: string, value: string][] {
  const facts: [string, string | null][] = [
    ['Number', document.number],
    ['Issued', document.issuedOn],
    ['Period', daysText(document.period)],
    ['Time zone', document.timeZone],
    ['Currency', document.currency],
    ['Paid', document.paidOn],
    ['Voided', document.voidedOn],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

/** Said in place of lines and sums. */
export const NO_AMOUNTS = 'This draft has no amounts yet. They are known once it is made final.';
