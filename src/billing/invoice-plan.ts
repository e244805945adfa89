import { formatQuantity } from '../core/quantity';
import { discountsFrom } from '../core/discount';
import {
  type BilledCharge,
  invoiceLines,
  invoiceTotals,
  type InvoiceLine,
  type InvoiceTotals,
} from '../core/invoice';
import type { Currency } from '../core/money';
import type { MeterUsage } from '../core/rating';
import { ratioText } from '../core/ratio-text';
import { termsAt } from '../core/terms';
import type { InvoiceFacts } from './invoice-facts.service';
import type { SegmentRating } from './period-rating';
import type { FinalInvoice, InvoicePart, StoredInvoiceLine } from './stored-invoice';

/** What an invoice will say: computed, nothing written. */
export interface InvoicePlan {
  readonly facts: InvoiceFacts;
  readonly currency: Currency;
  readonly lines: readonly InvoiceLine[];
  readonly totals: InvoiceTotals;
}

/** Computes the invoice of the facts; null = there is nothing to say. The same facts give the same invoice. */
export function planInvoice(facts: InvoiceFacts): InvoicePlan | null {
  const { claim, ratings, billed, currency } = facts;
  const lines = invoiceLines(ratings, billed, claim.period);
  if (lines.length === 0 || currency === null) return null;
  const terms = termsAt(claim.versions, lastInstant(facts));
  const discounts = discountsFrom(terms?.discounts ?? [], claim.period.from, currency);
  return { facts, currency, lines, totals: invoiceTotals(lines, { discounts, taxes: terms?.taxes ?? [] }) };
}

/** Taxes and discounts are those agreed to at the end of what is billed. */
function lastInstant({ claim: { kind, period, now } }: InvoiceFacts): number {
  return kind === 'period' ? period.to - 1 : Math.min(now, period.to - 1);
}

/** The rows that finalising writes. What grants pay is known only when they are drawn. */
export function finalInvoice(
  { facts, currency, lines, totals }: InvoicePlan,
  { id, at, granted }: { id: string; at: Date; granted: bigint },
): FinalInvoice {
  const { subtotal, net, total } = totals;
  const carried = total < 0n ? -total : 0n;
  return {
    ...{ account: facts.claim.account, id, at, currency, subtotal, total, granted, carried },
    status: total + carried === granted ? 'paid' : 'finalised',
    discount: totals.discounts.reduce((sum, { minor }) => sum + minor, 0n),
    tax: total - net,
    discounts: JSON.stringify(discountParts(totals)),
    taxes: JSON.stringify(taxParts(totals)),
    rated: JSON.stringify(ratedOf(facts)),
    lines: lines.map(storedLine),
  };
}

export const discountParts = ({ discounts }: InvoiceTotals): InvoicePart[] =>
  discounts.map(({ discount, minor }) => ({
    name: discount.name,
    ...('percent' in discount && { percent: formatQuantity(discount.percent) }),
    minor: String(minor),
  }));

export const taxParts = ({ taxes }: InvoiceTotals): InvoicePart[] =>
  taxes.map(({ rate, minor }) => ({
    ...{ name: rate.name, percent: formatQuantity(rate.percent), inclusive: rate.inclusive },
    minor: String(minor),
  }));

export function storedLine(line: InvoiceLine, position: number): StoredInvoiceLine {
  const { kind, meter, key, description, period, segment, planVersionId, minor } = line;
  return {
    ...{ position, kind, meter, key, description, period, segment, planVersionId, minor },
    quantity: line.quantity && ratioText(line.quantity),
    unitAmount: line.unitAmount && ratioText(line.unitAmount),
    amount: ratioText(line.amount),
  };
}

/** More single events than this are not copied: they are found by the stretch, as long as retention keeps them. */
const ENTRIES_MAX = 1_000;

/** What an invoice was computed from, as it is kept with it. */
export function ratedOf({ ratings, billed }: InvoiceFacts) {
  return { segments: ratings.map(snapshotOf), billed_before: billed.map(billedOf) };
}

function billedOf({ periodFrom, segmentFrom, key, meter, quantity, amount, minor }: BilledCharge) {
  return {
    ...{ period_from: textOf(periodFrom), from: textOf(segmentFrom), key, meter },
    quantity: quantity && ratioText(quantity),
    amount: ratioText(amount),
    minor: String(minor),
  };
}

/** What was rated and how: every line can be computed again from it and the plan versions, which never change. */
function snapshotOf({ period, segment, stage, card, usage }: SegmentRating) {
  return {
    period_from: textOf(period.from),
    period_to: textOf(period.to),
    from: textOf(segment.from),
    to: textOf(segment.to),
    stage,
    is_trial: segment.isTrial,
    plan_version_id: card?.id ?? null,
    overrides: card === null ? null : segment.overrides,
    usage: Object.fromEntries([...usage].map(([meter, used]) => [meter, usageOf(used)])),
  };
}

function usageOf({ entries, divideBy, carriedOver, usedEarlier }: MeterUsage) {
  const isCopied = entries.length <= ENTRIES_MAX;
  return {
    ...(divideBy && { divide_by: ratioText(divideBy) }),
    ...(carriedOver && { carried_over: ratioText(carriedOver) }),
    ...(usedEarlier && { used_earlier: ratioText(usedEarlier) }),
    entry_count: entries.length,
    ...(isCopied && {
      entries: entries.map(({ quantity, amount, dimensions }) => ({
        quantity: formatQuantity(quantity),
        ...(amount !== undefined && amount !== null && { amount: formatQuantity(amount) }),
        ...(dimensions && Object.keys(dimensions).length > 0 && { dimensions }),
      })),
    }),
  };
}

const textOf = (at: number): string => new Date(at).toISOString();
