import type { Stretch } from './contribution';
import { invalid } from './errors';
import type { Currency } from './money';
import { PLAIN_TERMS, type Price, type PriceTerms } from './price';
import { quantityOfRatio } from './quantity';
import { ratePrice } from './rate-price';
import { ratio, RATIO_ZERO, subtractRatios, type Ratio } from './ratio';
import { sumOfLines } from './line';
import type { Sku } from './sku';

/** What usage of a meter costs whoever has no plan, from an instant on (milliseconds) until the next version. */
export interface ListPrice {
  readonly currency: Currency;
  readonly validFrom: number;
  readonly price: Price;
  /** What is sold, where a bill or a price list says so. */
  readonly sku: Sku | null;
}

/** A list price is rated from the usage of a period alone. */
const MODELS: ReadonlySet<Price['model']> = new Set(['per_unit', 'graduated', 'volume', 'package']);

/** Throws `invalid-argument` for a price that looks at single events, or at none: those belong to a plan. */
export function checkListPrice(price: Price, field = 'price'): void {
  if (MODELS.has(price.model)) return;
  throw invalid(
    `${field}.model`,
    `must be one of ${[...MODELS].join(', ')}: a list price is rated from usage alone`,
  );
}

/**
 * What one unit costs over the whole of a stretch, in exact major units: zero where nobody has said, null where no single
 * price per unit holds, so that usage has to be rated period by period. `versions` are of one currency, the oldest first.
 */
export function unitAmountOver(versions: readonly ListPrice[], { from, to }: Stretch): Ratio | null {
  const [first, ...later] = versions.filter(
    ({ validFrom }, place) => validFrom < to && (versions[place + 1]?.validFrom ?? Infinity) > from,
  );
  if (first === undefined) return RATIO_ZERO;
  if (later.length > 0 || first.validFrom > from || first.price.model !== 'per_unit') return null;
  const { price } = first;
  return isPlain(price) ? ratio(price.amount, price.perQuantity) : null;
}

function isPlain(price: PriceTerms): boolean {
  const { includedQuantity, unitConversion, usageDiscount, minimumAmount, maximumAmount } = price;
  const others = [unitConversion, usageDiscount, minimumAmount, maximumAmount];
  return includedQuantity === PLAIN_TERMS.includedQuantity && others.every((term) => term === null);
}

/** A part of a period under one version of the price; null = nobody has said yet what usage costs. */
export interface PricedSegment extends Stretch {
  readonly version: ListPrice | null;
  /** Its share of the period, by exact time (pricing rules 9b and 12). */
  readonly share: Ratio;
}

/** Cuts a period where a new version begins. `versions` are those of one currency, the oldest first. */
export function pricedSegments(versions: readonly ListPrice[], period: Stretch): PricedSegment[] {
  const later = versions.filter(({ validFrom }) => validFrom > period.from && validFrom < period.to);
  const starts = [period.from, ...later.map(({ validFrom }) => validFrom)];
  return starts.map((from, place) => {
    const to = starts[place + 1] ?? period.to;
    const version = versions.filter(({ validFrom }) => validFrom <= from).at(-1) ?? null;
    return { from, to, version, share: ratio(BigInt(to - from), BigInt(period.to - period.from)) };
  });
}

/** What has been used since the segment began, in base units, at the beginning and at the end of a part of it. */
export interface UsedInPart {
  readonly before: Ratio;
  readonly after: Ratio;
  /** Base units in one unit of the meter. */
  readonly divideBy: Ratio;
  /** Whether the part ends with the segment: a minimum is trued up only then. */
  readonly final: boolean;
}

/**
 * What a part of a segment costs, in exact major units: the rating up to its end less the rating up to its beginning
 * (pricing rule 3), so that the parts add up to the whole. Without use nothing is due by the list.
 */
export function listCharge({ version, share }: PricedSegment, used: UsedInPart): Ratio | null {
  if (version === null) return null;
  const cost = (usage: Ratio, final: boolean): Ratio => {
    if (usage.numerator <= 0n) return RATIO_ZERO;
    const entries = [{ quantity: quantityOfRatio(usage) }];
    return sumOfLines(ratePrice(version.price, entries, { final, share, divideBy: used.divideBy }));
  };
  return subtractRatios(cost(used.after, used.final), cost(used.before, false));
}
