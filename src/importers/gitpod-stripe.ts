import type { AccountKey } from '../core/account-key';
import { parseAttributionId } from '../core/attribution-id';
import { invalid } from '../core/errors';
import type { StripeCustomer } from '../cost-centers/stripe-customer.service';
import { readGitpodTime } from './gitpod-time';
import type { Cells } from './table-file';

const CUSTOMER_ID = /^[!-~]{1,255}$/;

/** Reads a row of d_b_stripe_customer; null = it was deleted. Throws `invalid-argument` naming the column. */
export function stripeCustomerOf(cells: Cells): { account: AccountKey; customer: StripeCustomer } | null {
  if (['1', 'true'].includes(cells['deleted'] ?? '')) return null;
  const id = cells['stripeCustomerId'] ?? '';
  if (!CUSTOMER_ID.test(id)) throw invalid('stripeCustomerId', 'must be a text without blanks');
  const created = readGitpodTime(cells['creationTime'] ?? '', 'creationTime');
  if (created === null) throw invalid('creationTime', 'is missing');
  const invalidAddress = cells['invalidBillingAddress'] ?? '';
  return {
    account: parseAttributionId(cells['attributionId'] ?? '', 'attributionId'),
    customer: {
      ...{ id, currency: cells['currency'] ?? '', createdAt: new Date(created) },
      invalidBillingAddress: invalidAddress === '' ? null : ['1', 'true'].includes(invalidAddress),
    },
  };
}
