import { change, emit } from './events';
import { voidInvoice } from './invoice-states';
import type { StripeObject } from './stripe-object';
import type { World } from './world';

/** Sets the state and says so. */
export function setStatus(world: World, subscription: StripeObject, status: string): void {
  change(world, subscription, 'customer.subscription.updated', () => void (subscription.status = status));
}

function latestOf(world: World, invoice: StripeObject): StripeObject | null {
  const subscription = world.find('subscription', (invoice._subscription as string | null) ?? '');
  return subscription?.latest_invoice === invoice.id ? subscription! : null;
}

/** The newest invoice was paid: what waited for the money is active again. */
export function subscriptionPaid(world: World, invoice: StripeObject): void {
  const customer = world.find('customer', invoice.customer as string)!;
  if (customer.delinquent)
    change(world, customer, 'customer.updated', () => void (customer.delinquent = false));
  const subscription = latestOf(world, invoice);
  if (!subscription || subscription._creating) return;
  if (['incomplete', 'past_due', 'unpaid'].includes(subscription.status as string)) {
    setStatus(world, subscription, 'active');
  }
}

/** The newest invoice was refused. */
export function subscriptionUnpaid(world: World, invoice: StripeObject): void {
  const subscription = latestOf(world, invoice);
  if (subscription?.status === 'active') setStatus(world, subscription, 'past_due');
}

/** No attempt is left. */
export function paymentExhausted(world: World, invoice: StripeObject): void {
  const subscription = latestOf(world, invoice);
  if (!subscription || subscription.status === 'canceled') return;
  if (world.settings.afterRetries === 'canceled') end(world, subscription, 'payment_failed');
  else setStatus(world, subscription, world.settings.afterRetries);
}

/** Ends a subscription for good. */
export function end(world: World, subscription: StripeObject, reason: string | null): void {
  const now = world.nowFor(subscription);
  Object.assign(subscription, {
    status: 'canceled',
    ended_at: now,
    canceled_at: subscription.canceled_at ?? now,
  });
  subscription.cancellation_details = { ...subscription.cancellation_details, reason };
  world.save(subscription);
  emit(world, 'customer.subscription.deleted', subscription);
}

/** A first invoice that stayed unpaid: the subscription never was. */
export function expire(world: World, subscription: StripeObject): void {
  const invoice = world.find('invoice', subscription.latest_invoice as string);
  change(world, subscription, 'customer.subscription.updated', () => {
    Object.assign(subscription, { status: 'incomplete_expired', ended_at: world.nowFor(subscription) });
  });
  if (invoice?.status === 'open') voidInvoice(world, invoice);
}
