import { change } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import type { StripeObject } from '../stripe-object';
import type { StripeRefusal } from '../stripe-refusal';
import { view } from '../view';
import type { World } from '../world';

interface Attempt {
  readonly method: StripeObject;
  readonly captured: boolean;
  readonly refusal?: StripeRefusal;
}

/** What became of one attempt to take an intent's money. */
export function newCharge(world: World, intent: StripeObject, attempt: Attempt): StripeObject {
  const { method, captured, refusal } = attempt;
  const amount = intent.amount as number;
  const id = world.id('ch');
  const charge = {
    id,
    object: 'charge',
    amount,
    amount_captured: captured ? amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: structuredClone(method.billing_details) as StripeObject,
    calculated_statement_descriptor: 'SIMULATOR',
    captured,
    created: world.nowFor(intent),
    currency: intent.currency as string,
    customer: intent.customer as string | null,
    description: intent.description as string | null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: (refusal?.error.code as string | undefined) ?? null,
    failure_message: refusal?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: { ...(intent.metadata as StripeObject) },
    on_behalf_of: null,
    outcome: outcomeOf(refusal),
    paid: !refusal,
    payment_intent: intent.id as string,
    payment_method: method.id as string,
    payment_method_details: { type: 'card', card: cardOf(method) },
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: refusal ? 'failed' : 'succeeded',
    transfer_data: null,
    transfer_group: null,
    _clock: intent._clock as string | null,
  };
  return world.save(charge);
}

function outcomeOf(refusal: StripeRefusal | undefined): StripeObject {
  return {
    advice_code: null,
    network_advice_code: null,
    network_decline_code: refusal ? '05' : null,
    network_status: refusal ? 'declined_by_network' : 'approved_by_network',
    reason: (refusal?.error.decline_code as string | undefined) ?? null,
    risk_level: 'normal',
    seller_message: refusal ? 'The card was declined.' : 'Payment complete.',
    type: refusal ? 'issuer_declined' : 'authorized',
  };
}

function cardOf(method: StripeObject): StripeObject {
  const {
    brand,
    checks,
    country,
    exp_month: month,
    exp_year: year,
    fingerprint,
    funding,
    last4,
  } = method.card;
  return {
    brand,
    checks,
    country,
    exp_month: month,
    exp_year: year,
    fingerprint,
    funding,
    last4,
    network: brand,
    three_d_secure: null,
    wallet: null,
  };
}

/** Charges; they are made by confirming intents only. */
export const charges: Record<string, Handler> = {
  'Charges.retrieve': (world, { ids }) => view(world, world.need('charge', ids.charge!)),
  'Charges.update': (world, { ids, params }) => {
    const charge = world.need('charge', ids.charge!);
    const apply = (): void => {
      Object.assign(charge, sent(params, ['description', 'receipt_email']));
      charge.metadata = mergedMetadata(charge.metadata, params.metadata);
    };
    return view(world, change(world, charge, 'charge.updated', apply));
  },
  'Charges.list': (world, call) => page(world, call, world.all('charge'), ['customer', 'payment_intent']),
};
