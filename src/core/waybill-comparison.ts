import { DEFAULT_CALENDAR } from './account';
import { periodAt } from './period';
import type { RateCard } from './plan';
import { type MonthUsage, unitsOf } from './project-usage';
import { parseQuantity, quantityRatio } from './quantity';
import { rateUsage } from './rating';
import { compareRatios, ratio, RATIO_ZERO, subtractRatios, type Ratio } from './ratio';

/** What the original Waybill added up of one metric of a project in one month. */
export interface OriginalSum {
  /** `2026-04`. */
  readonly month: string;
  readonly metric: string;
  /** A decimal in units of the metric. */
  readonly sum: string;
  /** How many hours it is the sum of. */
  readonly hours: number;
}

/** One metric of one month, as the original has it and as it comes out here, in units of the metric. */
export interface ComparedUsage {
  readonly month: string;
  readonly metric: string;
  readonly original: Ratio;
  readonly ours: Ratio;
  readonly isSame: boolean;
}

/** `2026-04`, UTC. */
export function monthName(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

/**
 * Holds the sums of the original against ours, month by month. They are the same when they are no further apart than the
 * original's rounding of each hour to a millionth.
 */
export function compareUsage(sums: readonly OriginalSum[], ours: readonly MonthUsage[]): ComparedUsage[] {
  const originals = new Map(sums.map((each) => [`${each.month} ${each.metric}`, each]));
  const counted = new Map(ours.map((each) => [`${monthName(each.from)} ${each.meter}`, each]));
  return [...new Set([...originals.keys(), ...counted.keys()])].sort().map((name) => {
    const [month, metric] = name.split(' ') as [string, string];
    const [theirs, own] = [originals.get(name), counted.get(name)];
    const figures = {
      original: theirs === undefined ? RATIO_ZERO : quantityRatio(parseQuantity(theirs.sum, 'sum')),
      ours: own === undefined ? RATIO_ZERO : unitsOf(own),
    };
    const rounding = ratio(BigInt(theirs?.hours ?? 0), 2_000_000n);
    return { month, metric, ...figures, isSame: isWithin(figures, rounding) };
  });
}

function isWithin({ original, ours }: Pick<ComparedUsage, 'original' | 'ours'>, distance: Ratio): boolean {
  const difference = subtractRatios(ours, original);
  const { numerator, denominator } = difference;
  return compareRatios(ratio(numerator < 0n ? -numerator : numerator, denominator), distance) <= 0;
}

/** What a month costs by its lines, in cents; the sum of the lines last. */
export interface MonthCost {
  readonly plan_amount: bigint;
  readonly compute_cost: bigint;
  readonly build_cost: bigint;
  readonly storage_cost: bigint;
  readonly bandwidth_cost: bigint;
  readonly subtotal: bigint;
}

export const COST_PARTS = [
  'plan_amount',
  'compute_cost',
  'build_cost',
  'storage_cost',
  'bandwidth_cost',
  'subtotal',
] as const satisfies readonly (keyof MonthCost)[];

/** A whole month of usage by a rate card: every line rounded once, before credits (TR-13, TR-14). */
export function monthCost(card: RateCard, usage: readonly MonthUsage[]): MonthCost {
  const entries = usage.map(({ meter, stored, divideBy }) => {
    return [meter, { entries: [{ quantity: stored }], divideBy }] as const;
  });
  const { charges } = rateUsage(card, new Map(entries), { final: true });
  const sumOf = (meter: string | null): bigint =>
    charges.reduce((sum, charge) => (charge.meter === meter ? sum + charge.minor : sum), 0n);
  return {
    plan_amount: sumOf(null),
    compute_cost: sumOf('compute_gb_hours'),
    build_cost: sumOf('build_minutes'),
    storage_cost: sumOf('storage_gb_hours'),
    bandwidth_cost: sumOf('bandwidth_gb'),
    subtotal: charges.reduce((sum, { minor }) => sum + minor, 0n),
  };
}

const DATE = /^\d{4}-\d\d-\d\d$/;
const MS_PER_DAY = 86_400_000;

/** The calendar month of a period given by dates, with its last day or the first one after it as its end; null for others. */
export function calendarMonth(start: string, end: string): { from: number; to: number } | null {
  if (!DATE.test(start) || !DATE.test(end)) return null;
  const [first, last] = [Date.parse(start), Date.parse(end)];
  if (!(first >= 0 && last > first)) return null;
  const month = periodAt(DEFAULT_CALENDAR, new Date(first));
  const [from, to] = [month.from.getTime(), month.to.getTime()];
  return first === from && (last === to || last === to - MS_PER_DAY) ? { from, to } : null;
}
