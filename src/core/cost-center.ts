import { type Calendar, periodAt } from './period';
import { type Quantity, ZERO } from './quantity';
import { wholeCredits } from './credits';

/** Who bills: `stripe` a paying customer, `other` whoever lives on an allowance. The words are stored. */
export const BILLING_STRATEGIES = ['stripe', 'other'] as const;
export type BillingStrategy = (typeof BILLING_STRATEGIES)[number];

/** The largest limit an older contract can say. */
export const SPENDING_LIMIT_MAX = 2_147_483_647;

/** The running cycle of a cost centre; `to` is the next billing time. Boundaries are counted from the anchor. */
export interface BillingCycle {
  readonly anchor: Date;
  readonly from: Date;
  readonly to: Date;
}

/** What a cost centre says: who bills, how much may be spent a cycle, and which cycle it is. */
export interface CostCenterTerms {
  readonly strategy: BillingStrategy;
  /** Whole credits. */
  readonly spendingLimit: number;
  readonly cycle: BillingCycle;
}

/** What somebody wants of a cost centre. */
export interface WantedCostCenter {
  readonly strategy: BillingStrategy;
  readonly spendingLimit: number;
}

/** The terms that follow, and what of the debt is settled with them; null = nothing changes. */
export interface CostCenterChange {
  readonly terms: CostCenterTerms;
  /** Credits at the common scale; zero = nothing is settled. */
  readonly settled: Quantity;
}

/** A cycle that begins at `at`: months counted from there, so that the 31st comes back after February. */
export function newCycle(at: Date): BillingCycle {
  return cycleAt(at, at);
}

/** The cycle of an anchor that holds the instant. */
export function cycleAt(anchor: Date, at: Date): BillingCycle {
  const { from, to } = periodAt(calendarOf(anchor), at < anchor ? anchor : at);
  return { anchor, from, to };
}

/** Whether an allowance is due to be renewed: its cycle is over, and nobody else bills it. */
export function isExpired({ strategy, cycle }: CostCenterTerms, now: Date): boolean {
  return strategy === 'other' && cycle.to < now;
}

/** The same terms in the cycle that holds `now`; the same object while theirs goes on. */
export function advanced<T extends CostCenterTerms>(terms: T, now: Date): T {
  return terms.cycle.to > now ? terms : { ...terms, cycle: cycleAt(terms.cycle.anchor, now) };
}

/**
 * What a reset forgives: the debt up to the limit, once, however many cycles went by (decision A9). A limit of zero
 * forgives nothing; what the account has to its credit stays.
 */
export function forgiven(balance: Quantity, spendingLimit: number): Quantity {
  const limit = wholeCredits(spendingLimit);
  if (balance <= ZERO) return ZERO;
  return balance < limit ? balance : limit;
}

/**
 * What follows from a wish. Within one strategy the limit changes and the cycle goes on. Whoever begins to pay begins a
 * cycle and is free of the debt; whoever ends paying begins a cycle with the limit he had before, whatever he asks for.
 */
export function changedCostCenter(
  current: CostCenterTerms,
  wanted: WantedCostCenter,
  { now, balance, limitBefore }: { now: Date; balance: Quantity; limitBefore: number },
): CostCenterChange {
  if (wanted.strategy === current.strategy) {
    return { terms: { ...current, spendingLimit: wanted.spendingLimit }, settled: ZERO };
  }
  const cycle = newCycle(now);
  if (wanted.strategy === 'other') {
    return { terms: { strategy: 'other', spendingLimit: limitBefore, cycle }, settled: ZERO };
  }
  const { spendingLimit } = wanted;
  return { terms: { strategy: 'stripe', spendingLimit, cycle }, settled: balance > ZERO ? balance : ZERO };
}

function calendarOf(anchor: Date): Calendar {
  return { anchor, interval: 'month', count: 1, timeZone: 'UTC' };
}
