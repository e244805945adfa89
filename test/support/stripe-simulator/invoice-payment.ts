import { change, emit } from './events';
import { attempt } from './payments';
import { usablePaymentMethod } from './resources/payment-methods';
import { DAY, RULES } from './rules';
import type { StripeObject } from './stripe-object';
import { StripeRefusal, invalidRequest } from './stripe-refusal';
import { paymentExhausted, subscriptionPaid, subscriptionUnpaid } from './subscription-states';
import type { World } from './world';

/** The money is there (or none was due). */
export function markPaid(world: World, invoice: StripeObject, amount: number): void {
  const now = world.nowFor(invoice);
  Object.assign(invoice, {
    status: 'paid',
    amount_paid: amount,
    amount_remaining: 0,
    attempted: true,
    next_payment_attempt: null,
    status_transitions: { ...invoice.status_transitions, paid_at: now },
  });
  world.save(invoice);
  for (const payment of world.owned('invoice_payment', 'invoice', invoice)) {
    Object.assign(payment, {
      status: 'paid',
      amount_paid: amount,
      status_transitions: { canceled_at: null, paid_at: now },
    });
    emit(world, 'invoice_payment.paid', payment);
  }
  emit(world, 'invoice.paid', invoice);
  emit(world, 'invoice.payment_succeeded', invoice);
  subscriptionPaid(world, invoice);
}

/**
 * Takes the money now, with the method named or the one that is the default.
 * @throws StripeRefusal 402 when the card refuses, 400 when there is no method
 */
export function pay(
  world: World,
  invoice: StripeObject,
  how: { method?: string; offSession: boolean },
): void {
  const method = how.method ? usablePaymentMethod(world, how.method).id : defaultMethod(world, invoice);
  if (!method) {
    const message = 'The customer has no payment method that could pay the invoice.';
    throw invalidRequest(message, { code: 'resource_missing', param: 'payment_method' });
  }
  const intent = world.find('payment_intent', invoice._intent as string)!;
  intent.payment_method = method as string;
  Object.assign(invoice, { attempted: true, attempt_count: (invoice.attempt_count as number) + 1 });
  try {
    attempt(world, intent, { offSession: how.offSession });
  } catch (error) {
    if (error instanceof StripeRefusal) paymentFailed(world, invoice);
    throw error;
  }
  if (intent.status !== 'succeeded') throw actionRequired(world, invoice);
  markPaid(world, invoice, intent.amount as number);
}

/** The method that Stripe would take: the invoice's, its subscription's, the customer's. */
export function defaultMethod(world: World, invoice: StripeObject): string | null {
  const subscription = world.find('subscription', (invoice._subscription as string | null) ?? '');
  const customer = world.find('customer', invoice.customer as string)!;
  return (invoice.default_payment_method ??
    subscription?.default_payment_method ??
    customer.invoice_settings.default_payment_method ??
    null) as string | null;
}

function paymentFailed(world: World, invoice: StripeObject): void {
  change(world, world.find('customer', invoice.customer as string)!, 'customer.updated', () => {
    world.find('customer', invoice.customer as string)!.delinquent = true;
  });
  world.save(invoice);
  emit(world, 'invoice.payment_failed', invoice);
  subscriptionUnpaid(world, invoice);
}

function actionRequired(world: World, invoice: StripeObject): StripeRefusal {
  world.save(invoice);
  emit(world, 'invoice.payment_action_required', invoice);
  subscriptionUnpaid(world, invoice);
  return new StripeRefusal(402, {
    type: 'card_error',
    code: 'invoice_payment_intent_requires_action',
    message: 'The card asks for its holder before the invoice can be paid.',
  });
}

/** An automatic attempt; a refusal plans the next one, or ends in what the settings say. */
export function collect(world: World, invoice: StripeObject): void {
  try {
    pay(world, invoice, { offSession: true });
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error;
    // Without any method the attempt counts too: it failed.
    if (error.status === 400) {
      Object.assign(invoice, { attempted: true, attempt_count: (invoice.attempt_count as number) + 1 });
      paymentFailed(world, invoice);
    }
    planRetry(world, invoice);
  }
}

function planRetry(world: World, invoice: StripeObject): void {
  if (invoice.status !== 'open') return;
  const days = RULES.paymentRetryDays[(invoice.attempt_count as number) - 1];
  invoice.next_payment_attempt = days === undefined ? null : world.nowFor(invoice) + days * DAY;
  world.save(invoice);
  emit(world, 'invoice.updated', invoice, { attempt_count: (invoice.attempt_count as number) - 1 });
  if (days === undefined) paymentExhausted(world, invoice);
}
