import type { Allowance } from '../core/allowance';
import { overridesText } from '../core/card-overrides';
import type { RateCard } from '../core/plan';
import { formatQuantity, ONE, type Quantity, quantity } from '../core/quantity';
import { FEATURE_METERS } from './scorpius-event';
import type { Hash } from './scorpius-source';

/** What an installation charges for a plan; null = it has no such plan. */
export type ScorpiusCards = (plan: string) => Promise<RateCard | null>;

/** A limit that is another one than the plan has here. */
export interface OtherLimit {
  readonly feature: string;
  /** Null = unlimited. */
  readonly limit: Quantity | null;
  readonly ours: Quantity | null;
}

/** What the limits of a plan come to here. */
export interface JudgedLimits {
  readonly others: readonly OtherLimit[];
  /** What every account of the plan gets instead of the plan's wording, as canonical JSON; null = nothing. */
  readonly overrides: string | null;
  /** Features of the plan that the original had no limit of, and so did not limit; here the plan's limit holds. */
  readonly untold: readonly string[];
  readonly problems: readonly string[];
}

const LIMIT = /^-?\d{1,15}$/;
const UNLIMITED = '-1';

/** Compares the limits of a plan in the original with a card of ours. */
export function judgeLimits(hash: Hash, card: RateCard): JudgedLimits {
  const problems: string[] = [];
  const others: OtherLimit[] = [];
  for (const [feature, text] of Object.entries(hash)) {
    if (!LIMIT.test(text) || (text.startsWith('-') && text !== UNLIMITED)) {
      problems.push(`${feature}: ${text} is no limit: a whole number, or -1 for none`);
      continue;
    }
    const limit = text === UNLIMITED ? null : quantity(BigInt(text) * ONE);
    if (FEATURE_METERS.has(feature)) {
      const ours = card.allowances.get(feature)?.limit ?? null;
      if (ours !== limit) others.push({ feature, limit, ours });
    } else if (limit !== null) {
      problems.push(`${feature}: no meter here could hold its limit of ${text}`);
    }
  }
  const allowances = new Map(others.map((other) => [other.feature, allowanceOf(other, card)]));
  const untold = [...card.allowances.keys()].filter(
    (feature) => FEATURE_METERS.has(feature) && !Object.hasOwn(hash, feature) && isLimited(card, feature),
  );
  const overrides = overridesText({
    baseFee: undefined,
    prices: new Map(),
    entitlements: new Map(),
    allowances,
  });
  return { others, overrides, untold, problems };
}

const isLimited = ({ allowances }: RateCard, feature: string): boolean =>
  (allowances.get(feature)?.limit ?? null) !== null;

/** The wording of the plan with another limit; where there was none to exceed, exceeding is noted and no more. */
function allowanceOf({ feature, limit }: OtherLimit, card: RateCard): Allowance {
  const ours = card.allowances.get(feature);
  const { included, rollover } = ours ?? { included: null, rollover: null };
  if (limit === null && included === null) return { included, limit, onExceed: 'bill', rollover: null };
  const isExceedable = ours !== undefined && (ours.limit !== null || included !== null);
  return { included, limit, onExceed: isExceedable ? ours.onExceed : 'flag', rollover };
}

/** `scans 7 instead of 1000` */
export function otherLimitText({ feature, limit, ours }: OtherLimit): string {
  return `${feature} ${limitText(limit)} instead of ${limitText(ours)}`;
}

const limitText = (limit: Quantity | null): string => (limit === null ? 'unlimited' : formatQuantity(limit));
