import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { RequireScope } from '../platform/auth/require-scope';
import { nothingToDo, refuseWithoutStripe } from './without-stripe';

/** usage.v1.BillingService where no Stripe is configured. */
@Controller()
export class BillingGrpcController {
  @GrpcMethod('BillingService', 'ReconcileInvoices')
  @RequireScope('payments:write')
  reconcileInvoices(): Record<string, never> {
    return nothingToDo();
  }

  @GrpcMethod('BillingService', 'FinalizeInvoice')
  @RequireScope('payments:write')
  finalizeInvoice(): never {
    return refuseWithoutStripe();
  }

  @GrpcMethod('BillingService', 'CancelSubscription')
  @RequireScope('payments:write')
  cancelSubscription(): Record<string, never> {
    return nothingToDo();
  }

  @GrpcMethod('BillingService', 'GetStripeCustomer')
  @RequireScope('payments:read')
  getStripeCustomer(): never {
    return refuseWithoutStripe();
  }

  @GrpcMethod('BillingService', 'CreateStripeCustomer')
  @RequireScope('payments:write')
  createStripeCustomer(): never {
    return refuseWithoutStripe();
  }

  @GrpcMethod('BillingService', 'CreateHoldPaymentIntent')
  @RequireScope('payments:write')
  createHoldPaymentIntent(): never {
    return refuseWithoutStripe();
  }

  @GrpcMethod('BillingService', 'CreateStripeSubscription')
  @RequireScope('payments:write')
  createStripeSubscription(): never {
    return refuseWithoutStripe();
  }

  @GrpcMethod('BillingService', 'UpdateCustomerSubscriptionsTaxState')
  @RequireScope('payments:write')
  updateCustomerSubscriptionsTaxState(): never {
    return refuseWithoutStripe();
  }

  @GrpcMethod('BillingService', 'GetPriceInformation')
  @RequireScope('payments:read')
  getPriceInformation(): never {
    return refuseWithoutStripe();
  }

  @GrpcMethod('BillingService', 'OnChargeDispute')
  @RequireScope('payments:write')
  onChargeDispute(): never {
    return refuseWithoutStripe();
  }
}
