import { emit } from './events';
import { attach } from './resources/payment-methods';
import { newCharge } from './resources/charges';
import { openDispute } from './resources/disputes';
import type { StripeObject } from './stripe-object';
import { StripeRefusal, cardError, invalidRequest } from './stripe-refusal';
import type { TestCard } from './test-cards';
import { view } from './view';
import type { World } from './world';

/**
 * Tries to take the money with the intent's payment method: it succeeds, holds, asks for the customer, or is refused.
 * @throws StripeRefusal 402 when the card says no; the intent then waits for another payment method
 */
export function attempt(world: World, intent: StripeObject, how: { offSession: boolean }): StripeObject {
  const method = world.named('payment_method', intent.payment_method as string, 'payment_method');
  const card = method._card as TestCard;
  const decline = card.declinedAlways ?? card.declinedOnCharge;
  if (decline) throw refuse(world, intent, { method, error: cardError(decline) });
  if (card.needsAction && !intent._authenticated) {
    if (how.offSession) throw refuse(world, intent, { method, error: authenticationNeeded() });
    return requireAction(world, intent);
  }
  return approve(world, intent, { method, card });
}

function approve(
  world: World,
  intent: StripeObject,
  by: { method: StripeObject; card: TestCard },
): StripeObject {
  if (intent.setup_future_usage && intent.customer) {
    attach(world, by.method, world.named('customer', intent.customer as string, 'customer'));
  }
  const holds = intent.capture_method === 'manual';
  const charge = newCharge(world, intent, { method: by.method, captured: !holds });
  Object.assign(intent, {
    status: holds ? 'requires_capture' : 'succeeded',
    amount_capturable: holds ? (intent.amount as number) : 0,
    amount_received: holds ? 0 : (intent.amount as number),
    latest_charge: charge.id,
    last_payment_error: null,
    next_action: null,
  });
  world.save(intent);
  emit(world, 'charge.succeeded', charge);
  emit(world, holds ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded', intent);
  if (by.card.disputed && !holds) openDispute(world, charge, {});
  return intent;
}

function requireAction(world: World, intent: StripeObject): StripeObject {
  const action = { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect' } };
  Object.assign(intent, { status: 'requires_action', next_action: action });
  world.save(intent);
  emit(world, 'payment_intent.requires_action', intent);
  return intent;
}

function refuse(
  world: World,
  intent: StripeObject,
  why: { method: StripeObject; error: StripeRefusal },
): StripeRefusal {
  const charge = newCharge(world, intent, { method: why.method, captured: false, refusal: why.error });
  const shown = { ...why.error.error, charge: charge.id as string, payment_method: view(world, why.method) };
  Object.assign(intent, {
    status: 'requires_payment_method',
    payment_method: null,
    latest_charge: charge.id,
    last_payment_error: shown,
    next_action: null,
  });
  world.save(intent);
  emit(world, 'charge.failed', charge);
  emit(world, 'payment_intent.payment_failed', intent);
  return new StripeRefusal(402, { ...shown, payment_intent: view(world, intent) });
}

function authenticationNeeded(): StripeRefusal {
  const message = 'The card asks for its holder, who is not there.';
  const code = 'authentication_required';
  return new StripeRefusal(402, { type: 'card_error', code, decline_code: code, message });
}

/** Takes a held amount, all or part of it. */
export function captureIntent(world: World, intent: StripeObject, amount?: number): StripeObject {
  if (intent.status !== 'requires_capture') throw unexpectedState(intent, 'captured');
  const taken = amount ?? (intent.amount_capturable as number);
  if (taken > (intent.amount_capturable as number) || taken < 1) {
    throw invalidRequest('More than was held cannot be captured.', {
      code: 'amount_too_large',
      param: 'amount_to_capture',
    });
  }
  const charge = world.need('charge', intent.latest_charge as string);
  Object.assign(charge, { captured: true, amount_captured: taken });
  charge.amount_refunded = (charge.amount as number) - taken;
  Object.assign(intent, { status: 'succeeded', amount_capturable: 0, amount_received: taken });
  world.save(charge);
  world.save(intent);
  emit(world, 'charge.captured', charge);
  emit(world, 'payment_intent.succeeded', intent);
  return intent;
}

export function canCancel(intent: StripeObject): boolean {
  return !['succeeded', 'canceled'].includes(intent.status as string);
}

/** A held amount is let go. */
export function cancelIntent(world: World, intent: StripeObject, reason: string | null): StripeObject {
  const charge =
    intent.status === 'requires_capture' ? world.find('charge', intent.latest_charge as string) : null;
  if (charge) {
    Object.assign(charge, { refunded: true, amount_refunded: charge.amount as number });
    world.save(charge);
    emit(world, 'charge.refunded', charge);
  }
  Object.assign(intent, {
    status: 'canceled',
    amount_capturable: 0,
    canceled_at: world.nowFor(intent),
    cancellation_reason: reason,
    next_action: null,
  });
  world.save(intent);
  emit(world, 'payment_intent.canceled', intent);
  return intent;
}

/** 400 payment_intent_unexpected_state. */
export function unexpectedState(intent: StripeObject, wanted: string): StripeRefusal {
  return new StripeRefusal(400, {
    type: 'invalid_request_error',
    code: 'payment_intent_unexpected_state',
    message: `A payment intent that is ${intent.status} cannot be ${wanted}.`,
    payment_intent: { id: intent.id as string, object: 'payment_intent', status: intent.status as string },
  });
}
