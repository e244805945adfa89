import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import type { Quantity } from '../core/quantity';
import { OrganizationId } from './organization-id';

/** Limits that one request may set. */
const LIMITS_MAX = 200;

/** The body of `POST /billing/update`. Fields it does not know are ignored, as the original's clients are used to. */
export const BillingUpdateBody = z.object({
  org_id: OrganizationId,
  plan: z.string().meta({ description: 'A plan of Scorpius’s, such as `professional`.' }),
  limits: z
    .record(z.string(), z.int().min(-1))
    .refine((limits) => Object.keys(limits).length > 0, 'must name at least one feature')
    .refine((limits) => Object.keys(limits).length <= LIMITS_MAX, `must name at most ${LIMITS_MAX} features`)
    .meta({ description: 'Of this organisation, by feature; -1 = unlimited.' }),
  stripe_customer_id: z
    .string()
    .regex(/^[!-~]{1,255}$/, 'must be 1 to 255 printable ASCII characters without blanks')
    .nullish(),
});

/** A request to give an organisation a plan and limits of its own. */
export interface UpdateBilling {
  readonly orgId: string;
  readonly account: AccountKey;
  readonly plan: string;
  /** By meter; null = unlimited. */
  readonly limits: ReadonlyMap<string, Quantity | null>;
  readonly stripeCustomerId: string | null;
}
