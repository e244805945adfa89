import { emit } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata } from '../metadata';
import type { StripeObject } from '../stripe-object';
import { invalidRequest } from '../stripe-refusal';
import { view } from '../view';
import type { World } from '../world';

const create: Handler = (world, { params }) => {
  const charge = chargeOf(world, params);
  const left = (charge.amount_captured as number) - (charge.amount_refunded as number);
  const amount = (params.amount as number | undefined) ?? left;
  if (left === 0)
    throw invalidRequest('The charge is refunded already.', { code: 'charge_already_refunded' });
  if (amount > left || amount < 1)
    throw invalidRequest('More than is left cannot be refunded.', { param: 'amount' });
  if (charge.disputed) throw invalidRequest('The charge is disputed.', { code: 'charge_disputed' });
  const refund = world.save({
    id: world.id('re'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id as string,
    created: world.nowFor(charge),
    currency: charge.currency as string,
    destination_details: {
      card: { type: 'refund', reference_status: 'pending', reference_type: 'acquirer_reference_number' },
      type: 'card',
    },
    metadata: mergedMetadata(null, params.metadata),
    payment_intent: charge.payment_intent as string,
    reason: (params.reason as string | undefined) ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  });
  charge.amount_refunded = (charge.amount_refunded as number) + amount;
  charge.refunded = charge.amount_refunded === charge.amount_captured;
  world.save(charge);
  emit(world, 'refund.created', refund);
  emit(world, 'charge.refunded', charge);
  return view(world, refund);
};

function chargeOf(world: World, params: StripeObject): StripeObject {
  if (params.charge) return world.named('charge', params.charge as string, 'charge');
  if (!params.payment_intent)
    throw invalidRequest('charge or payment_intent is needed.', { param: 'charge' });
  const intent = world.named('payment_intent', params.payment_intent as string, 'payment_intent');
  if (intent.status !== 'succeeded') throw invalidRequest('The payment intent has no successful charge.');
  return world.need('charge', intent.latest_charge as string);
}

/** Refunds, whole or in part; each succeeds at once. */
export const refunds: Record<string, Handler> = {
  'Refunds.create': create,
  'Refunds.retrieve': (world, { ids }) => view(world, world.need('refund', ids.refund!)),
  'Refunds.list': (world, call) => page(world, call, world.all('refund'), ['charge', 'payment_intent']),
};
