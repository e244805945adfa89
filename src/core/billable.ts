import type { Price, PriceTerms, UsageEntry } from './price';
import { ONE, ZERO } from './quantity';
import {
  addRatios,
  divideRatios,
  divideUp,
  maxRatio,
  minRatio,
  multiplyRatios,
  ratio,
  RATIO_ONE,
  RATIO_ZERO,
  subtractRatios,
  type Ratio,
} from './ratio';
import { prorate } from './proration';

/** What a price has to know about the stretch of time it rates. */
export interface RatingScope {
  /** Whether the period ends here; a minimum is trued up only then. */
  readonly final: boolean;
  /** The share of the period that this stretch is (rule 9b); whatever stands for a whole period shrinks with it. */
  readonly share: Ratio;
  /** Stored units in one unit of the meter (decision 8): 3,600,000 for GB·ms metered in GB-hours. */
  readonly divideBy: Ratio;
  /** Units of the meter that an allowance covers here, share and carry-over applied. */
  readonly covered: Ratio;
  /** Units of the meter beyond which nothing is charged; null = all of it is. */
  readonly ceiling: Ratio | null;
}

/** A whole period of a meter that stores what it shows, with no allowance. */
export const WHOLE_PERIOD: RatingScope = {
  final: true,
  share: RATIO_ONE,
  divideBy: RATIO_ONE,
  covered: RATIO_ZERO,
  ceiling: null,
};

/** An event, or what is left of it to pay for, in units of the price and in major units of money. */
export interface BillableEvent {
  readonly quantity: Ratio;
  readonly amount: Ratio;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Where on the scale of all units used the part to pay for begins and ends, in units of the price. */
interface Paid {
  readonly from: Ratio;
  readonly to: Ratio | null;
}

function conversion(price: PriceTerms): Ratio {
  return price.unitConversion === null ? RATIO_ONE : ratio(price.unitConversion.divideBy, ONE);
}

/** Included units first, then those of the discount; both are part of a period's terms, so they shrink with it. */
function paidPart(price: PriceTerms, scope: RatingScope): Paid {
  const discount = price.usageDiscount;
  const discounted = discount !== null && 'quantity' in discount ? discount.quantity : ZERO;
  const free = addRatios(prorate(price.includedQuantity, scope.share), prorate(discounted, scope.share));
  const from = addRatios(divideRatios(scope.covered, conversion(price)), free);
  return { from, to: scope.ceiling && divideRatios(scope.ceiling, conversion(price)) };
}

/** Whole units of the price where it asks for them; done last, on what remains of the cumulative quantity (rule 5). */
export function inWholeUnits(price: PriceTerms, quantity: Ratio): Ratio {
  if (price.unitConversion?.round !== 'up') return quantity;
  return ratio(divideUp(quantity.numerator, quantity.denominator));
}

/**
 * The cumulative quantity that remains to be paid, in units of the price: converted, less what is included, less the
 * discount, rounded up to whole units when asked. Never negative (rule 6).
 */
export function billableQuantity(price: PriceTerms, usage: readonly UsageEntry[], scope: RatingScope): Ratio {
  const stored = usage.reduce((sum, entry) => sum + entry.quantity, 0n);
  const used = divideRatios(divideRatios(ratio(stored, ONE), scope.divideBy), conversion(price));
  const { from, to } = paidPart(price, scope);
  const counted = to === null ? used : minRatio(used, to);
  return inWholeUnits(price, maxRatio(RATIO_ZERO, subtractRatios(counted, from)));
}

/**
 * The events that remain to be paid, in their order. Included units cover the first ones; an event that they cover in
 * part keeps the same part of its amount. An event without a quantity cannot be covered.
 */
export function billableEvents(
  price: Price,
  usage: readonly UsageEntry[],
  scope: RatingScope,
): BillableEvent[] {
  const step = divideRatios(ratio(1n, ONE), multiplyRatios(scope.divideBy, conversion(price)));
  const paid = paidPart(price, scope);
  // Everything on one integer scale: a period may have a million events, and comparing ratios would reduce each one.
  const scale = step.denominator * paid.from.denominator * (paid.to?.denominator ?? 1n);
  const onScale = (value: Ratio) => (value.numerator * scale) / value.denominator;
  const [unit, from, to] = [onScale(step), onScale(paid.from), paid.to && onScale(paid.to)];

  let position = 0n;
  return usage.flatMap((entry) => {
    const size = entry.quantity * unit;
    const left = overlap(position, size, { from, to });
    position += size;
    return left === null ? [] : [portion(entry, { size, left, scale })];
  });
}

/** How much of `size` units from `position` on lies in the part to pay for; null = the event is not there at all. */
function overlap(position: bigint, size: bigint, paid: { from: bigint; to: bigint | null }): bigint | null {
  if (paid.to !== null && position >= paid.to) return null;
  if (size <= 0n) return size;
  const end = paid.to !== null && position + size > paid.to ? paid.to : position + size;
  const start = position < paid.from ? paid.from : position;
  return start < end ? end - start : null;
}

function portion(entry: UsageEntry, part: { size: bigint; left: bigint; scale: bigint }): BillableEvent {
  const { size, left, scale } = part;
  const quantity = ratio(left, scale);
  const dimensions = entry.dimensions ?? {};
  if (entry.amount === undefined || entry.amount === null) return { quantity, amount: quantity, dimensions };
  const amount = left === size ? ratio(entry.amount, ONE) : ratio(entry.amount * left, ONE * size);
  return { quantity, amount, dimensions };
}
