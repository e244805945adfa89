import { lineDifference, roundLines, sumOfLines, type RoundedLine } from './line';
import { money, type Currency, type Money } from './money';
import { ratePrice } from './rate-price';
import type { Price, UsageEntry } from './price';
import type { Ratio } from './ratio';

export interface CalculationRequest {
  readonly currency: Currency;
  readonly price: Price;
  /** The new usage. */
  readonly usage: readonly UsageEntry[];
  /** What was rated earlier in the same period; empty = nothing was billed yet, not even a flat fee. */
  readonly before: readonly UsageEntry[];
  /** Whether the period ends with this usage. */
  readonly final: boolean;
}

export interface Calculation {
  readonly lines: readonly RoundedLine[];
  /** The exact total in major units. */
  readonly exact: Ratio;
  /** The sum of the rounded lines. */
  readonly amount: Money;
}

/**
 * What new usage costs on top of earlier usage of the same period: rate(before + usage) − rate(before), line by line
 * (pricing rule 3). What was rated earlier was not final, so the difference of the last part settles the minimum.
 * Rounded amounts are those of the cumulative lines: the parts of a period add up to its whole to the last cent.
 *
 * Throws `invalid-argument` when an event of a dynamic price carries no amount.
 */
export function calculate({ currency, price, usage, before, final }: CalculationRequest): Calculation {
  const billed = before.length === 0 ? [] : ratePrice(price, before, { final: false });
  const due = ratePrice(price, [...before, ...usage], { final });
  const lines = lineDifference(roundLines(due, currency), roundLines(billed, currency));
  const minor = lines.reduce((sum, line) => sum + line.minor, 0n);
  return { lines, exact: sumOfLines(lines), amount: money(minor, currency) };
}
