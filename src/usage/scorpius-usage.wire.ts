import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import { accountOfOrganization, OrganizationId } from '../cost-centers/organization-id';
import type { AnswerOf } from '../platform/doors/open-api-answer';
import { readScorpius } from '../platform/doors/scorpius-body';
import { NO_PLAN } from './organization-plan.service';
import { instantText, limitUnits, LimitUnits, usedUnits, UsedUnits } from './scorpius-number.wire';
import { ResetDate } from './scorpius-track.wire';
import type { OrganizationUse } from './scorpius-usage.service';

export const OrganizationPath = z.object({ org_id: OrganizationId });

const Time = z.string().meta({ format: 'date-time' });
const Feature = z.strictObject({
  current: UsedUnits,
  limit: LimitUnits,
  reset_date: ResetDate,
  last_updated: Time.meta({ description: 'The time of the reading, as in the original.' }),
});

export const OrganizationAnswer = z
  .strictObject({
    org_id: z.string(),
    plan: z.string().meta({ description: '`none` where the last plan has ended.' }),
    features: z.record(z.string(), Feature).meta({ description: 'Those used in the running period.' }),
    stripe_customer_id: z.string().nullable(),
    payment_overdue: z.boolean(),
    created_at: Time,
    updated_at: Time.meta({ description: 'When its terms changed last.' }),
  })
  .meta({ id: 'ScorpiusOrganization' });

/** Reads the path. Throws `invalid-argument` for an id that no organisation can have. */
export function fromOrganizationPath(path: unknown): { orgId: string; account: AccountKey } {
  const { org_id: orgId } = readScorpius(z.object({ path: OrganizationPath }), { path }).path;
  return { orgId, account: accountOfOrganization(orgId) };
}

export function toOrganization(use: OrganizationUse): AnswerOf<typeof OrganizationAnswer> {
  const [resetDate, readAt] = [instantText(new Date(use.period.to)), instantText(use.at)];
  const features = use.features.map(({ feature, used, limit }) => [
    feature,
    { current: usedUnits(used), limit: limitUnits(limit), reset_date: resetDate, last_updated: readAt },
  ]);
  return {
    org_id: use.orgId,
    plan: use.plan ?? NO_PLAN,
    features: Object.fromEntries(features) as AnswerOf<typeof OrganizationAnswer>['features'],
    stripe_customer_id: use.stripeCustomerId,
    payment_overdue: use.isOverdue,
    created_at: instantText(use.createdAt),
    updated_at: instantText(use.updatedAt),
  };
}
