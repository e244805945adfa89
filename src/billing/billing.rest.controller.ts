import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { NothingAnswer, ProtoNothing } from '../platform/doors/proto-json';
import { twinOf } from '../platform/doors/rpc-twin';
import {
  AttributionBody,
  CancelSubscriptionBody,
  CreateStripeCustomerBody,
  CreateStripeSubscriptionBody,
  CustomerAnswer,
  CustomerBody,
  CustomerOfAccountAnswer,
  DisputeBody,
  FinalizeInvoiceBody,
  GetStripeCustomerBody,
  HoldAnswer,
  PriceAnswer,
  SubscriptionAnswer,
} from './billing.wire';
import { nothingToDo, refuseWithoutStripe } from './without-stripe';

/** The REST twins of usage.v1.BillingService where no Stripe is configured. */
@Controller('api/v1/usage.v1.BillingService')
export class BillingController {
  @Post('ReconcileInvoices')
  @HttpCode(200)
  @RequireScope('payments:write')
  @ApiDoor(
    twinOf('ReconcileInvoices', {
      summary: 'Tells Stripe what every account billed through it owes',
      body: ProtoNothing,
      answer: NothingAnswer,
    }),
  )
  reconcileInvoices(@Body() body: unknown): Record<string, never> {
    ProtoNothing.parse(body ?? {});
    return nothingToDo();
  }

  @Post('FinalizeInvoice')
  @HttpCode(200)
  @RequireScope('payments:write')
  @ApiDoor(
    twinOf('FinalizeInvoice', {
      summary: 'Books an invoice that Stripe has finalized',
      body: FinalizeInvoiceBody,
      answer: NothingAnswer,
      errors: ['unimplemented'],
    }),
  )
  finalizeInvoice(@Body() body: unknown): never {
    FinalizeInvoiceBody.parse(body ?? {});
    return refuseWithoutStripe();
  }

  @Post('CancelSubscription')
  @HttpCode(200)
  @RequireScope('payments:write')
  @ApiDoor(
    twinOf('CancelSubscription', {
      summary: 'Takes an account off Stripe after its subscription was cancelled there',
      body: CancelSubscriptionBody,
      answer: NothingAnswer,
    }),
  )
  cancelSubscription(@Body() body: unknown): Record<string, never> {
    CancelSubscriptionBody.parse(body ?? {});
    return nothingToDo();
  }

  @Post('GetStripeCustomer')
  @HttpCode(200)
  @RequireScope('payments:read')
  @ApiDoor(
    twinOf('GetStripeCustomer', {
      summary: 'Answers the customer of an account, or a customer by its own id',
      body: GetStripeCustomerBody,
      answer: CustomerOfAccountAnswer,
      errors: ['unimplemented'],
    }),
  )
  getStripeCustomer(@Body() body: unknown): never {
    GetStripeCustomerBody.parse(body ?? {});
    return refuseWithoutStripe();
  }

  @Post('CreateStripeCustomer')
  @HttpCode(200)
  @RequireScope('payments:write')
  @ApiDoor(
    twinOf('CreateStripeCustomer', {
      summary: 'Makes a customer for an account',
      body: CreateStripeCustomerBody,
      answer: CustomerAnswer,
      errors: ['unimplemented'],
    }),
  )
  createStripeCustomer(@Body() body: unknown): never {
    CreateStripeCustomerBody.parse(body ?? {});
    return refuseWithoutStripe();
  }

  @Post('CreateHoldPaymentIntent')
  @HttpCode(200)
  @RequireScope('payments:write')
  @ApiDoor(
    twinOf('CreateHoldPaymentIntent', {
      summary: 'Holds a small amount on a card, to see that the card is good',
      body: AttributionBody,
      answer: HoldAnswer,
      errors: ['unimplemented'],
    }),
  )
  createHoldPaymentIntent(@Body() body: unknown): never {
    AttributionBody.parse(body ?? {});
    return refuseWithoutStripe();
  }

  @Post('CreateStripeSubscription')
  @HttpCode(200)
  @RequireScope('payments:write')
  @ApiDoor(
    twinOf('CreateStripeSubscription', {
      summary: 'Starts the subscription of an account with the card of a hold that succeeded',
      body: CreateStripeSubscriptionBody,
      answer: SubscriptionAnswer,
      errors: ['unimplemented'],
    }),
  )
  createStripeSubscription(@Body() body: unknown): never {
    CreateStripeSubscriptionBody.parse(body ?? {});
    return refuseWithoutStripe();
  }

  @Post('UpdateCustomerSubscriptionsTaxState')
  @HttpCode(200)
  @RequireScope('payments:write')
  @ApiDoor(
    twinOf('UpdateCustomerSubscriptionsTaxState', {
      summary: 'Turns automatic tax of a customer’s subscriptions on or off, as the address allows',
      body: CustomerBody,
      answer: NothingAnswer,
      errors: ['unimplemented'],
    }),
  )
  updateCustomerSubscriptionsTaxState(@Body() body: unknown): never {
    CustomerBody.parse(body ?? {});
    return refuseWithoutStripe();
  }

  @Post('GetPriceInformation')
  @HttpCode(200)
  @RequireScope('payments:read')
  @ApiDoor(
    twinOf('GetPriceInformation', {
      summary: 'Answers what an account pays, in words',
      body: AttributionBody,
      answer: PriceAnswer,
      errors: ['unimplemented'],
    }),
  )
  getPriceInformation(@Body() body: unknown): never {
    AttributionBody.parse(body ?? {});
    return refuseWithoutStripe();
  }

  @Post('OnChargeDispute')
  @HttpCode(200)
  @RequireScope('payments:write')
  @ApiDoor(
    twinOf('OnChargeDispute', {
      summary: 'Blocks an account whose payment is disputed',
      body: DisputeBody,
      answer: NothingAnswer,
      errors: ['unimplemented'],
    }),
  )
  onChargeDispute(@Body() body: unknown): never {
    DisputeBody.parse(body ?? {});
    return refuseWithoutStripe();
  }
}
