import type { Stretch } from './contribution';
import { applyDiscounts, type AppliedDiscount, type Discount } from './discount';
import { lineDifference } from './line';
import { addRatios } from './ratio';
import type { Charge } from './rating';
import { taxSum, type TaxedSum, type TaxRate } from './tax';
import type { Segment } from './terms';

/**
 * `period` bills a period at its end, `off_cycle` what is owed so far within one, `fees` only what is paid ahead.
 */
export const INVOICE_KINDS = ['period', 'off_cycle', 'fees'] as const;
export type InvoiceKind = (typeof INVOICE_KINDS)[number];

/** `draft` → `finalised` → `paid`, `void` or `uncollectible`. */
export const INVOICE_STATUSES = ['draft', 'finalised', 'paid', 'void', 'uncollectible'] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

/** Everything one segment of a period comes to so far. */
export interface RatedSegment {
  readonly period: Stretch;
  readonly segment: Segment;
  readonly charges: readonly Charge[];
}

/** What an earlier invoice billed: a charge and where it belongs. */
export interface BilledCharge extends Charge {
  readonly periodFrom: number;
  readonly segmentFrom: number;
}

/** A line of an invoice before discounts: what is billed now beyond what was billed before. */
export interface InvoiceLine extends Charge {
  /** An adjustment changes what an earlier invoice said of a period that is not this one's. */
  readonly kind: 'charge' | 'adjustment';
  readonly period: Stretch;
  readonly segment: Stretch;
  /** Null where the plan that was billed no longer holds for the stretch. */
  readonly planVersionId: number | null;
}

/**
 * What is due: the charges of each rated segment less what earlier invoices billed for it (pricing rules 3, 7, 9b). Whoever
 * rates a period rates all of it, so billed segments that do not exist any more are taken back. Running it again after an
 * invoice was made of it gives no lines.
 *
 * `main` is the period of the invoice; lines of earlier ones are adjustments.
 */
export function invoiceLines(
  rated: readonly RatedSegment[],
  billed: readonly BilledCharge[],
  main: Stretch,
): InvoiceLine[] {
  const places = new Map<string, RatedSegment>();
  for (const each of rated) places.set(placeOf(each.period.from, each.segment.from), each);
  const periods = new Map(rated.map(({ period }) => [period.from, period]));
  const before = new Map<string, BilledCharge[]>();
  for (const charge of billed) {
    const period = periods.get(charge.periodFrom);
    if (period === undefined) continue;
    const place = placeOf(charge.periodFrom, charge.segmentFrom);
    before.set(place, [...(before.get(place) ?? []), charge]);
    if (!places.has(place)) places.set(place, goneSegment(period, charge.segmentFrom));
  }
  const ordered = [...places].sort(
    ([, a], [, b]) => a.period.from - b.period.from || a.segment.from - b.segment.from,
  );
  return ordered.flatMap(([place, each]) => linesOf(each, summed(before.get(place) ?? []), main));
}

function linesOf(
  { period, segment, charges }: RatedSegment,
  billed: readonly BilledCharge[],
  main: Stretch,
): InvoiceLine[] {
  const kind = period.from < main.from ? 'adjustment' : 'charge';
  const stretch = { from: segment.from, to: segment.to };
  return lineDifference<Charge>(charges, billed).map((charge) => ({
    ...charge,
    kind,
    period,
    segment: stretch,
    planVersionId: segment.planVersionId,
  }));
}

/** Several invoices may have billed parts of one charge; together they are one. */
function summed(billed: readonly BilledCharge[]): BilledCharge[] {
  const byKey = new Map<string, BilledCharge>();
  for (const charge of billed) {
    const known = byKey.get(charge.key);
    byKey.set(charge.key, known ? addCharges(known, charge) : charge);
  }
  return [...byKey.values()];
}

function placeOf(periodFrom: number, segmentFrom: number): string {
  return `${periodFrom} ${segmentFrom}`;
}

function goneSegment(period: Stretch, from: number): RatedSegment {
  const segment = { from, to: period.to, planVersionId: null, overrides: null, isTrial: false };
  return { period, segment, charges: [] };
}

/** What an invoice comes to, in minor units; below zero when it gives back more than it bills. */
export interface InvoiceTotals extends TaxedSum {
  readonly subtotal: bigint;
  readonly discounts: readonly AppliedDiscount[];
}

/** Prices, then discounts, then tax (pricing rules 9 and 17). */
export function invoiceTotals(
  lines: readonly InvoiceLine[],
  { discounts, taxes }: { discounts: readonly Discount[]; taxes: readonly TaxRate[] },
): InvoiceTotals {
  const amounts = lines.map(({ minor }) => minor);
  const subtotal = amounts.reduce((sum, minor) => sum + minor, 0n);
  const applied = applyDiscounts(amounts, discounts).filter(({ minor }) => minor !== 0n);
  const discounted = applied.reduce((sum, { minor }) => sum - minor, subtotal);
  return { subtotal, discounts: applied, ...taxSum(discounted, taxes) };
}

function addCharges(one: BilledCharge, other: BilledCharge): BilledCharge {
  return {
    ...one,
    quantity:
      one.quantity && other.quantity
        ? addRatios(one.quantity, other.quantity)
        : (one.quantity ?? other.quantity),
    amount: addRatios(one.amount, other.amount),
    minor: one.minor + other.minor,
  };
}
