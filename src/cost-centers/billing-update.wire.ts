import { z } from 'zod';
import { ONE, quantity } from '../core/quantity';
import { readScorpius } from '../platform/doors/scorpius-body';
import { BillingUpdateBody, type UpdateBilling } from './billing-update.commands';
import { accountOfOrganization } from './organization-id';

export const BillingUpdated = z
  .strictObject({ status: z.literal('success'), message: z.string() })
  .meta({ id: 'ScorpiusBillingUpdated' });

/** Reads a request of `POST /billing/update`. Throws `invalid-argument` with every wrong field. */
export function fromBillingUpdate(body: unknown): UpdateBilling {
  const { org_id: orgId, plan, limits, stripe_customer_id: customer } = readScorpius(BillingUpdateBody, body);
  const read = Object.entries(limits).map(
    ([meter, units]) => [meter, units === -1 ? null : quantity(BigInt(units) * ONE)] as const,
  );
  return {
    ...{ orgId, account: accountOfOrganization(orgId), plan },
    limits: new Map(read),
    stripeCustomerId: customer ?? null,
  };
}

export const toBillingUpdated = (): z.infer<typeof BillingUpdated> => ({
  status: 'success',
  message: 'Billing updated successfully',
});
