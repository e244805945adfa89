import { z } from 'zod';
import { ProtoInt64, ProtoText } from '../platform/doors/proto-json';

/** Bodies and answers of the REST twins of usage.v1.BillingService, in protobuf's JSON. */

const TEAM = 'team:12345678-1234-1234-1234-123456789abc';

export const FinalizeInvoiceBody = z
  .strictObject({ invoiceId: ProtoText })
  .meta({ example: { invoiceId: 'in_1MA0RB' } });
export const CancelSubscriptionBody = z
  .strictObject({ subscriptionId: ProtoText })
  .meta({ example: { subscriptionId: 'sub_123' } });
export const GetStripeCustomerBody = z
  .strictObject({ attributionId: z.string().nullish(), stripeCustomerId: z.string().nullish() })
  .refine(
    ({ attributionId, stripeCustomerId }) =>
      (attributionId ?? null) === null || (stripeCustomerId ?? null) === null,
    'has attributionId or stripeCustomerId, not both',
  )
  .meta({ example: { stripeCustomerId: 'cus_123' } });
export const CreateStripeCustomerBody = z
  .strictObject({
    attributionId: ProtoText,
    name: ProtoText,
    email: ProtoText,
    currency: ProtoText,
    billingCreatorUserId: ProtoText,
  })
  .meta({
    example: { attributionId: TEAM, name: 'Acme', email: 'billing@example.org', currency: 'EUR' },
  });
export const AttributionBody = z
  .strictObject({ attributionId: ProtoText })
  .meta({ example: { attributionId: TEAM } });
export const CreateStripeSubscriptionBody = z
  .strictObject({ attributionId: ProtoText, usageLimit: ProtoInt64, paymentIntentId: ProtoText })
  .meta({ example: { attributionId: TEAM, usageLimit: '1000', paymentIntentId: 'pi_123' } });
export const CustomerBody = z
  .strictObject({ customerId: ProtoText })
  .meta({ example: { customerId: 'cus_123' } });
export const DisputeBody = z
  .strictObject({ disputeId: ProtoText })
  .meta({ example: { disputeId: 'dp_123' } });

const StripeCustomerAnswer = z
  .strictObject({ id: z.string(), currency: z.string(), invalidBillingAddress: z.boolean() })
  .meta({ id: 'StripeCustomer' });
export const CustomerAnswer = z.strictObject({ customer: StripeCustomerAnswer });
export const CustomerOfAccountAnswer = z.strictObject({
  customer: StripeCustomerAnswer,
  attributionId: z.string(),
});
export const HoldAnswer = z.strictObject({
  paymentIntentId: z.string(),
  paymentIntentClientSecret: z.string(),
});
export const SubscriptionAnswer = z.strictObject({ subscription: z.strictObject({ id: z.string() }) });
export const PriceAnswer = z.strictObject({ humanReadableDescription: z.string() });
