import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import { discountsToJson, taxesToJson } from '../core/agreement-shape';
import { formatQuantity } from '../core/quantity';
import type { TermsVersion } from '../core/terms';
import { type AnswerOf, DecimalText, InstantText } from '../platform/doors/open-api-answer';
import { AccountPath } from './account.commands';
import { CancelSubscription, CloseAccount } from './subscription.commands';
import { PutSubscription } from './subscription-offer';
import type { Subscription } from './subscription.service';

export const fromRestPutSubscription = (body: unknown): PutSubscription => PutSubscription.parse(body);
export const fromRestCancelSubscription = (query: unknown): CancelSubscription =>
  CancelSubscription.parse(query);
export const fromRestClose = (path: unknown, query: unknown): { key: AccountKey; reason: string | null } => ({
  key: AccountPath.parse(path).key,
  reason: CloseAccount.parse(query).reason ?? null,
});

const AGREED = {
  trial_ends_at: InstantText.nullable(),
  overrides: z
    .unknown()
    .meta({ description: 'What holds instead of the wording of the plan; null = nothing.' }),
  taxes: z.array(
    z.strictObject({ name: z.string(), percent: DecimalText, inclusive: z.boolean().optional() }),
  ),
  discounts: z.array(
    z.strictObject({
      name: z.string(),
      percent: DecimalText.optional(),
      amount: DecimalText.optional(),
      ends_at: InstantText.optional(),
    }),
  ),
  invoice_at: DecimalText.nullable(),
};

const Next = z.strictObject({
  plan: z.string().nullable().meta({ description: 'Null = the subscription ends.' }),
  plan_version: z.int().nullable(),
  at: InstantText,
});

export const SubscriptionAnswer = z
  .strictObject({
    account: z.string(),
    status: z.enum(['none', 'trialing', 'active', 'ended']),
    plan: z.string().nullable(),
    plan_version: z.int().nullable(),
    since: InstantText.nullable().meta({ description: 'From when on these terms hold.' }),
    period_start: InstantText,
    period_end: InstantText,
    ...AGREED,
    next: Next.nullable().meta({ description: 'What takes over, if anything was agreed for later.' }),
  })
  .meta({ id: 'Subscription' });

export const TermsAnswer = z
  .strictObject({
    items: z.array(
      z
        .strictObject({
          version: z.int(),
          valid_from: InstantText,
          plan_version_id: z.int().nullable(),
          ...AGREED,
        })
        .meta({ id: 'TermsVersion' }),
    ),
  })
  .meta({ description: 'Every version, oldest first; the highest one that has begun is in force.' });

const textOf = (at: number): string => new Date(at).toISOString();

function agreedOf(terms: TermsVersion | null) {
  const { trialEndsAt = null, overrides = null, invoiceAt = null } = terms ?? {};
  return {
    trial_ends_at: trialEndsAt === null ? null : textOf(trialEndsAt),
    overrides: overrides === null ? null : (JSON.parse(overrides) as unknown),
    taxes: taxesToJson(terms?.taxes ?? []),
    discounts: discountsToJson(terms?.discounts ?? []),
    invoice_at: invoiceAt === null ? null : formatQuantity(invoiceAt),
  };
}

export function toRestSubscription(subscription: Subscription): AnswerOf<typeof SubscriptionAnswer> {
  const { account, status, terms, next, plan, nextPlan, period } = subscription;
  const following = next && {
    ...{ plan: nextPlan?.plan ?? null, plan_version: nextPlan?.version ?? null },
    at: textOf(next.validFrom),
  };
  return {
    ...{ account: account.key, status, plan: plan?.plan ?? null, plan_version: plan?.version ?? null },
    since: terms === null || terms.planVersionId === null ? null : textOf(terms.validFrom),
    ...{ period_start: textOf(period.from), period_end: textOf(period.to) },
    ...agreedOf(terms),
    next: following,
  } as AnswerOf<typeof SubscriptionAnswer>;
}

export function toRestTerms(versions: readonly TermsVersion[]): AnswerOf<typeof TermsAnswer> {
  return {
    items: versions.map((terms) => ({
      ...{ version: terms.version, valid_from: textOf(terms.validFrom) },
      plan_version_id: terms.planVersionId,
      ...agreedOf(terms),
    })),
  } as AnswerOf<typeof TermsAnswer>;
}
