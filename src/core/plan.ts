import { includedIn, type Allowance } from './allowance';
import type { EntitlementValue } from './entitlement';
import { DomainError } from './errors';
import { below, refuse, type Place } from './json-codec';
import type { Currency } from './money';
import type { Interval } from './period';
import type { FlatPrice, Price } from './price';
import { ZERO } from './quantity';

/** Whose list of plans a plan stands in; the originals' doors show their own and no others. */
export const PLAN_SOURCES = ['tallyhouse', 'scorpius', 'waybill'] as const;
export type PlanSource = (typeof PLAN_SOURCES)[number];

/** A commercial offer in words, which may change; what it costs stands in its versions, which never do. */
export interface Plan {
  readonly key: string;
  readonly name: string;
  readonly description: string;
  /** What it comes with, a sentence each, for a page of prices. */
  readonly features: readonly string[];
  /** Facts for people that no meter measures, such as the number of team members. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly source: PlanSource;
  /** Plans are listed by position, then by key. */
  readonly position: number;
}

/** What using meters costs; a rate card has one currency. Meters are named by their key. */
export interface RateCard {
  readonly currency: Currency;
  /** Due per period, whatever is used; null = nothing is. */
  readonly baseFee: FlatPrice | null;
  readonly prices: ReadonlyMap<string, Price>;
  readonly allowances: ReadonlyMap<string, Allowance>;
}

/** The frozen wording of a plan: whoever agreed to it keeps it until he agrees to another. */
export interface PlanVersion extends RateCard {
  readonly plan: string;
  /** 1, 2, 3 … */
  readonly version: number;
  /** Periods are `count` intervals long, counted from the anchor of the account. */
  readonly interval: Interval;
  readonly count: number;
  /** Nothing is billed before they are over (rule 14). */
  readonly trialDays: number;
  /** What no meter measures and the plan grants, by name. */
  readonly entitlements: ReadonlyMap<string, EntitlementValue>;
}

/** What a plan version says besides its number: everything that is priced. */
export type PlanWording = Omit<PlanVersion, 'plan' | 'version'>;

/** A plan as somebody offers it: its words and what it is to cost from now on. */
export type PlanOffer = Plan & PlanWording;

export const PLAN_KEY_PATTERN = '^[a-z0-9][a-z0-9_.-]{0,63}$';

const KEY = new RegExp(PLAN_KEY_PATTERN);
export const PLAN_COUNT_MAX = 1000;
export const TRIAL_DAYS_MAX = 3650;

/**
 * Refuses a plan version that contradicts itself. The shape of its prices is taken as read (`parsePrice`). All
 * problems are thrown as one `invalid-argument`, as paths below `field`.
 */
export function checkPlanVersion(version: PlanVersion, field = 'plan'): void {
  const place: Place = { field, problems: [] };
  if (!KEY.test(version.plan)) {
    refuse(below(place, 'key'), 'must begin with a lower-case letter or digit and be at most 64 long');
  }
  wholeNumber(version.version, { place: below(place, 'version'), from: 1, to: Number.MAX_SAFE_INTEGER });
  wholeNumber(version.count, { place: below(place, 'count'), from: 1, to: PLAN_COUNT_MAX });
  wholeNumber(version.trialDays, { place: below(place, 'trial_days'), from: 0, to: TRIAL_DAYS_MAX });
  for (const [meter, allowance] of version.allowances) {
    checkAllowance(allowance, version.prices.get(meter), below(below(place, 'allowances'), meter));
  }
  for (const name of version.entitlements.keys()) {
    if (!version.allowances.has(name)) continue;
    refuse(below(below(place, 'entitlements'), name), 'is the name of a meter with an allowance');
  }
  const [first] = place.problems;
  if (first) throw new DomainError('invalid-argument', `${first.field}: ${first.reason}`, place.problems);
}

function wholeNumber(value: number, allowed: { place: Place; from: number; to: number }): void {
  const { place, from, to } = allowed;
  if (Number.isInteger(value) && value >= from && value <= to) return;
  refuse(place, `must be a whole number from ${from} to ${to}`);
}

/** A flat list of rules, each with its own words. */
function checkAllowance(allowance: Allowance, price: Price | undefined, place: Place): void {
  const { included, limit, onExceed, rollover } = allowance;
  const everything = includedIn(allowance) === null;
  if (included !== null && included < ZERO) refuse(below(place, 'included'), 'must not be negative');
  if (limit !== null && limit < ZERO) refuse(below(place, 'limit'), 'must not be negative');
  if (included !== null && limit !== null && included > limit) {
    refuse(below(place, 'included'), 'must not be more than the limit: it could never be used up');
  }
  if (onExceed !== 'bill' && everything) {
    refuse(below(place, 'on_exceed'), `cannot be ${onExceed} where nothing can be exceeded`);
  }
  if (onExceed === 'bill' && !everything && price === undefined) {
    refuse(below(place, 'on_exceed'), 'cannot be bill for a meter without a price');
  }
  if (everything && price !== undefined) {
    refuse(below(place, 'included'), 'cannot be everything for a meter that has a price');
  }
  if (!everything && price !== undefined && price.includedQuantity > ZERO) {
    refuse(below(place, 'included'), 'is also stated by the price as included_quantity');
  }
  if (rollover !== null && included === null) {
    refuse(below(place, 'rollover'), 'needs an included amount that can be left over');
  }
  if (rollover !== null && rollover.maximum !== null && rollover.maximum < ZERO) {
    refuse(below(below(place, 'rollover'), 'maximum'), 'must not be negative');
  }
}
