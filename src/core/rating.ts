import { coveredIn, includedIn, type Allowance } from './allowance';
import { WHOLE_PERIOD, type RatingScope } from './billable';
import { lineDifference, roundLines, type Line, type RoundedLine } from './line';
import type { RateCard } from './plan';
import type { Price, UsageEntry } from './price';
import { formatRatio, ONE, type Quantity } from './quantity';
import { ratePrice } from './rate-price';
import { maxRatio, ratio, RATIO_ONE, RATIO_ZERO, subtractRatios, type Ratio } from './ratio';

/** All that one meter counted in the stretch being rated, so far. */
export interface MeterUsage {
  readonly entries: readonly UsageEntry[];
  /** Stored units in one unit of the meter, as the meter says; one where it is missing. */
  readonly divideBy?: Ratio;
  /** Units that earlier periods handed on (`carryOver`). */
  readonly carriedOver?: Ratio;
  /** Units used in the period before this stretch: they count against the limit, which is not cut with the period. */
  readonly usedEarlier?: Ratio;
}

/** The stretch of time being rated: a period, or a segment of one under one plan version (rule 9b). */
export interface RatedStretch {
  readonly final: boolean;
  /** Its share of the period; one where it is missing. */
  readonly share?: Ratio;
}

/** One priced line of one meter, or the base fee, cumulative for the stretch; its key is unique within a rating. */
export interface Charge extends RoundedLine {
  /** Null for the base fee. */
  readonly meter: string | null;
}

export interface Rating {
  readonly charges: readonly Charge[];
  /** Meters that were used, have no price here and are not wholly included: nobody pays for them. */
  readonly unpriced: readonly string[];
}

/**
 * Turns usage into charges by a rate card: usage + plan version → charges. Given the same facts it gives the same
 * charges, so an invoice bills `lineDifference(charges now, charges billed)` and nothing needs to remember why.
 *
 * Each price of the card is rated, used or not: a first tier's flat fee and a minimum are due without use. Amounts are
 * rounded once per line. Throws `invalid-argument` when an event of a dynamic price carries no amount.
 */
export function rateUsage(
  card: RateCard,
  usage: ReadonlyMap<string, MeterUsage>,
  stretch: RatedStretch,
): Rating {
  const { currency, baseFee, prices, allowances } = card;
  const charge = (meter: string | null, lines: readonly Line[]) =>
    lineDifference(roundLines(lines, currency), []).map((line) => ({
      ...line,
      meter,
      key: `${meter ?? ''}/${line.key}`,
    }));
  const base = baseFee ? charge(null, baseFeeLines(baseFee, stretch)) : [];
  const metered = [...prices].flatMap(([meter, price]) => {
    const terms = { price, allowance: allowances.get(meter) ?? null };
    return charge(meter, meterLines(terms, usage.get(meter) ?? { entries: [] }, stretch));
  });
  const unpriced = [...usage.keys()].filter((meter) => !prices.has(meter) && !isFree(allowances.get(meter)));
  return { charges: [...base, ...metered], unpriced };
}

function baseFeeLines(baseFee: Price, stretch: RatedStretch): Line[] {
  const lines = ratePrice(baseFee, [], { final: stretch.final, share: stretch.share ?? RATIO_ONE });
  return lines.map((line) => (line.key === 'flat' ? { ...line, description: 'Base fee' } : line));
}

/** Whether nobody expects a charge: all of it is included, or what goes beyond is only flagged or cannot happen. */
function isFree(allowance: Allowance | undefined): boolean {
  return allowance !== undefined && (includedIn(allowance) === null || allowance.onExceed !== 'bill');
}

function meterLines(
  { price, allowance }: { price: Price; allowance: Allowance | null },
  usage: MeterUsage,
  stretch: RatedStretch,
): Line[] {
  const [share, divideBy] = [stretch.share ?? RATIO_ONE, usage.divideBy ?? RATIO_ONE];
  const scope: RatingScope = { ...WHOLE_PERIOD, final: stretch.final, share, divideBy };
  if (allowance === null) return ratePrice(price, usage.entries, scope);
  const included = includedIn(allowance);
  if (included === null) return [];
  const covered = coveredIn(included, { share, carriedOver: usage.carriedOver ?? RATIO_ZERO });
  const ceiling = allowance.onExceed === 'flag' ? chargedUpTo(allowance.limit, covered, usage) : null;
  const lines = ratePrice(price, usage.entries, { ...scope, covered, ceiling });
  return covered.numerator === 0n ? lines : lines.map((line) => beyond(line, covered));
}

/** Under `flag` nothing beyond the limit is charged; a limit looks at the whole period, not at the segment. */
function chargedUpTo(limit: Quantity | null, covered: Ratio, usage: MeterUsage): Ratio {
  if (limit === null) return covered;
  const left = subtractRatios(ratio(limit, ONE), usage.usedEarlier ?? RATIO_ZERO);
  return maxRatio(RATIO_ZERO, left);
}

function beyond(line: Line, covered: Ratio): Line {
  if (line.quantity === null) return line;
  return { ...line, description: `${line.description}, beyond ${formatRatio(covered)} included` };
}
