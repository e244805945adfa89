import type { BillableEvent } from './billable';
import { amountLine, countedLine, type Line } from './line';
import type { PercentagePrice } from './price';
import { prorate } from './proration';
import { ONE, type Quantity } from './quantity';
import {
  addRatios,
  compareRatios,
  maxRatio,
  minRatio,
  ratio,
  RATIO_ZERO,
  subtractRatios,
  sumRatios,
  type Ratio,
} from './ratio';

/** What is left of the free part of a period; null = sets no bound. */
interface Free {
  readonly events: bigint | null;
  readonly amount: Ratio | null;
}

function freePart(price: PercentagePrice, share: Ratio): Free {
  const events = price.freeEvents === null ? null : BigInt(price.freeEvents) * share.numerator;
  return {
    // A share of three free events is a whole number of them: an event is free or it is not.
    events: events && events / share.denominator,
    amount: price.freeAmount === null ? null : prorate(price.freeAmount, share),
  };
}

/** Whether an event may still be free: with both bounds set, the one that is exhausted first ends the free part. */
function isOpen({ events, amount }: Free): boolean {
  if (events === null && amount === null) return false;
  return events !== 0n && (amount === null || amount.numerator > 0n);
}

/**
 * The part of each event's amount that the rate applies to, in event order. Events that are wholly free are left
 * out: they owe no fixed fee and no minimum either. The event that exhausts the free amount pays for the rest of it.
 */
export function chargedAmounts(
  price: PercentagePrice,
  events: readonly BillableEvent[],
  share: Ratio,
): Ratio[] {
  let free = freePart(price, share);
  return events.flatMap(({ amount }) => {
    if (!isOpen(free)) return [amount];
    const covered = free.amount === null ? amount : minRatio(amount, free.amount);
    free = {
      events: free.events && free.events - 1n,
      amount: free.amount && subtractRatios(free.amount, covered),
    };
    const rest = subtractRatios(amount, covered);
    return compareRatios(rest, RATIO_ZERO) === 0 ? [] : [rest];
  });
}

/**
 * The rate on the amounts that are not free and the fixed fee per event. Where an event has a minimum or a maximum
 * there is no rate that leads from the sum to the charge, so rate, fee and bounds are one line.
 */
export function percentageLines(
  price: PercentagePrice,
  events: readonly BillableEvent[],
  share: Ratio,
): Line[] {
  const charged = chargedAmounts(price, events, share);
  const basis = sumRatios(charged);
  if (price.perEventMinimum !== null || price.perEventMaximum !== null) {
    const amount = sumRatios(charged.map((part) => chargeOfEvent(price, part)));
    return [
      amountLine({
        key: 'percentage',
        description: 'Percentage of amounts, per event',
        quantity: basis,
        amount,
      }),
    ];
  }
  const rated = countedLine({
    key: 'percentage',
    description: 'Percentage of amounts',
    quantity: basis,
    unitAmount: ratio(price.rate, ONE),
  });
  if (price.fixedAmount === 0n) return [rated];
  const fee = countedLine({
    key: 'fixed',
    description: 'Fixed fee per event',
    quantity: ratio(BigInt(charged.length)),
    unitAmount: ratio(price.fixedAmount, ONE),
  });
  return [rated, fee];
}

/** Rate and fixed fee of one event, kept between its minimum and its maximum. */
function chargeOfEvent(price: PercentagePrice, amount: Ratio): Ratio {
  const bound = (value: Quantity) => ratio(value, ONE);
  // Not reduced on purpose: with one denominator for all events their sum costs one addition each.
  const rated = ratio(amount.numerator * price.rate, amount.denominator * ONE);
  const charge = addRatios(rated, ratio(price.fixedAmount * amount.denominator, rated.denominator));
  const raised = price.perEventMinimum === null ? charge : maxRatio(charge, bound(price.perEventMinimum));
  return price.perEventMaximum === null ? raised : minRatio(raised, bound(price.perEventMaximum));
}
