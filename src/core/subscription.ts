import { DomainError } from './errors';
import { boundary, type Calendar } from './period';
import type { PlanVersion, RateCard } from './plan';
import { termsAfter, termsAt, type TermsVersion } from './terms';

/** `ended` = there was a plan and there is none; `none` = there never was one. */
export type SubscriptionStatus = 'none' | 'trialing' | 'active' | 'ended';

/** How a subscription stands at an instant. */
export interface SubscriptionState {
  readonly status: SubscriptionStatus;
  readonly terms: TermsVersion | null;
  /** What takes over next, if anything was agreed for later. */
  readonly next: TermsVersion | null;
}

export function subscriptionAt(versions: readonly TermsVersion[], at: number): SubscriptionState {
  const terms = termsAt(versions, at);
  return { status: statusOf(versions, terms, at), terms, next: termsAfter(versions, at) };
}

function statusOf(
  versions: readonly TermsVersion[],
  terms: TermsVersion | null,
  at: number,
): SubscriptionStatus {
  if (terms !== null && terms.planVersionId !== null) {
    return terms.trialEndsAt !== null && at < terms.trialEndsAt ? 'trialing' : 'active';
  }
  const had = versions.some(({ planVersionId, validFrom }) => planVersionId !== null && validFrom <= at);
  return had ? 'ended' : 'none';
}

/** When a trial ends that begins at `from`: days as the clock of the account's zone counts them. */
export function trialEnd(calendar: Calendar, from: number, days: number): number {
  const daily: Calendar = {
    anchor: new Date(from),
    interval: 'day',
    count: days,
    timeZone: calendar.timeZone,
  };
  return boundary(daily, 1).getTime();
}

/** Whether anything of the card can come to money. */
export function canCharge({ baseFee, prices }: RateCard): boolean {
  return baseFee !== null || prices.size > 0;
}

/** Throws `failed-precondition` unless the plan's periods are those of the account's calendar. */
export function requireSamePeriods(plan: PlanVersion, calendar: Calendar): void {
  if (plan.interval === calendar.interval && plan.count === calendar.count) return;
  const wanted = `${plan.count} ${plan.interval}`;
  throw new DomainError(
    'failed-precondition',
    `Plan ${plan.plan} is billed every ${wanted}, the account every ${calendar.count} ${calendar.interval}`,
    [{ field: 'plan', reason: `has periods of ${wanted}: an account is made with its calendar` }],
  );
}
