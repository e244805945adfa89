import { billableEvents, billableQuantity, WHOLE_PERIOD, type RatingScope } from './billable';
import { invalid } from './errors';
import { amountLine, countedLine, feeLine, missingTo, sumOfLines, type Bound, type Line } from './line';
import { matrixLines } from './matrix';
import { percentageLines } from './percentage';
import type { Price, UsageEntry } from './price';
import { prorate, prorateTiers } from './proration';
import { formatQuantity, ONE, type Quantity } from './quantity';
import { divideUp, multiplyRatios, ratio, RATIO_ONE, RATIO_ZERO, subtractRatios, sumRatios } from './ratio';
import { graduatedLines, volumeLines } from './tier';

/**
 * What the usage of a period so far costs, exactly and line by line. It is always given all of the period's usage:
 * what an invoice in the middle of a period bills is the difference of two ratings (pricing rule 3).
 *
 * The order is that of the pricing rules: unit conversion, included quantity, usage discount, the model, minimum and
 * maximum. Amounts are in major units; nothing is rounded. Throws `invalid-argument` when an event of a dynamic price
 * carries no amount.
 */
export function ratePrice(
  price: Price,
  usage: readonly UsageEntry[],
  known: Partial<RatingScope> = {},
): Line[] {
  const scope: RatingScope = { ...WHOLE_PERIOD, ...known };
  const lines = modelLines(price, usage, scope).map((line) => discounted(price, line));
  const bounded = bounds(price, scope).reduce((all, bound) => [...all, boundLine(bound, all)], lines);
  return bounded.filter((line) => line.bound !== null || isWorthALine(line));
}

/** A count of nothing is no line, but a fee of nothing is: it says that it was looked at. */
function isWorthALine(line: Line): boolean {
  return line.quantity === null || line.quantity.numerator !== 0n || line.amount.numerator !== 0n;
}

function modelLines(price: Price, usage: readonly UsageEntry[], scope: RatingScope): Line[] {
  switch (price.model) {
    case 'flat':
      return [
        feeLine('flat', 'Flat amount', prorate(price.amount, price.prorated ? scope.share : RATIO_ONE)),
      ];
    case 'per_unit': {
      const quantity = billableQuantity(price, usage, scope);
      const unitAmount = ratio(price.amount, price.perQuantity);
      return [countedLine({ key: 'usage', description: 'Usage', quantity, unitAmount })];
    }
    case 'graduated':
      return graduatedLines(
        prorateTiers(price.tiers, scope.share),
        billableQuantity(price, usage, scope),
        'Usage',
      );
    case 'volume':
      return volumeLines(prorateTiers(price.tiers, scope.share), billableQuantity(price, usage, scope));
    case 'package': {
      const { numerator, denominator } = billableQuantity(price, usage, scope);
      const packages = divideUp(numerator * ONE, denominator * price.packageSize);
      const description = `Packages of ${formatQuantity(price.packageSize)}`;
      const unitAmount = ratio(price.amount, ONE);
      return [countedLine({ key: 'packages', description, quantity: ratio(packages), unitAmount })];
    }
    case 'percentage':
      return percentageLines(price, billableEvents(price, usage, scope), scope.share);
    case 'graduated_percentage': {
      const amounts = billableEvents(price, usage, scope).map((event) => event.amount);
      return graduatedLines(prorateTiers(price.tiers, scope.share), sumRatios(amounts), 'Amounts');
    }
    case 'dynamic':
      return dynamicLines(price, usage, scope);
    case 'matrix':
      return matrixLines(price, billableEvents(price, usage, scope));
    default:
      return price satisfies never;
  }
}

/** The sum of what the events say they cost. */
function dynamicLines(price: Price, usage: readonly UsageEntry[], scope: RatingScope): Line[] {
  const silent = usage.findIndex((entry) => entry.amount === undefined || entry.amount === null);
  if (silent !== -1) throw invalid(`usage[${silent}].amount`, 'is required by a dynamic price');
  const events = billableEvents(price, usage, scope);
  const quantity = sumRatios(events.map((event) => event.quantity));
  const amount = sumRatios(events.map((event) => event.amount));
  return [amountLine({ key: 'events', description: 'Amounts of the events', quantity, amount })];
}

/** A discount in percent is taken inside each line, so that a line is still rounded once and 100 % leaves nothing. */
function discounted(price: Price, line: Line): Line {
  const discount = price.usageDiscount;
  if (discount === null || !('percent' in discount)) return line;
  const kept = subtractRatios(RATIO_ONE, ratio(discount.percent, 100n * ONE));
  return {
    ...line,
    description: `${line.description}, less ${formatQuantity(discount.percent)} %`,
    unitAmount: line.unitAmount && multiplyRatios(line.unitAmount, kept),
    amount: multiplyRatios(line.amount, kept),
  };
}

interface NamedBound extends Bound {
  readonly key: string;
  readonly description: string;
}

/** Zero first (rule 6); then the minimum, once the period has ended; then the cap, which holds at any time. */
function bounds(price: Price, scope: RatingScope): NamedBound[] {
  const part = (amount: Quantity) => prorate(amount, scope.share);
  const all: NamedBound[] = [
    { key: 'zero', description: 'A total below zero counts as zero', kind: 'at-least', at: RATIO_ZERO },
  ];
  if (price.minimumAmount !== null && scope.final) {
    const [key, at] = ['minimum', part(price.minimumAmount)] as const;
    all.push({ key, description: 'True-up to the minimum commitment', kind: 'at-least', at });
  }
  if (price.maximumAmount !== null) {
    const [key, at] = ['maximum', part(price.maximumAmount)] as const;
    all.push({ key, description: 'Cap at the maximum amount', kind: 'at-most', at });
  }
  return all;
}

function boundLine({ key, description, ...bound }: NamedBound, lines: readonly Line[]): Line {
  const amount = missingTo(bound, sumOfLines(lines));
  return { key, description, quantity: null, unitAmount: null, amount, bound };
}
