import type { Handler } from '../handlers';
import { page } from '../lists';
import { periodOf, billUsage } from '../subscription-billing';
import { changeSubscription } from '../subscription-change';
import { createSubscription } from '../subscription-creation';
import { end } from '../subscription-states';
import type { StripeObject } from '../stripe-object';
import { missing } from '../stripe-refusal';
import { itemsOf, view } from '../view';
import type { World } from '../world';

const ID = 'subscription_exposed_id';

/** Ends it if it has not ended. */
export function endSubscription(world: World, subscription: StripeObject): void {
  if (!hasEnded(subscription)) end(world, subscription, 'cancellation_requested');
}

export function hasEnded(subscription: StripeObject): boolean {
  return subscription.status === 'canceled' || subscription.status === 'incomplete_expired';
}

const cancel: Handler = (world, { ids, params }) => {
  const subscription = world.need('subscription', ids[ID]!);
  // A subscription that has ended cannot be found to be cancelled.
  if (hasEnded(subscription)) throw missing('subscription', ids[ID]!, 'id');
  const details = { ...subscription.cancellation_details, ...params.cancellation_details };
  subscription.cancellation_details = details;
  if (params.invoice_now) {
    const { start } = periodOf(world, subscription);
    billUsage(world, subscription, { start, end: world.nowFor(subscription) });
  }
  end(world, subscription, 'cancellation_requested');
  return view(world, subscription);
};

const list: Handler = (world, call) => {
  const { status, price } = call.params;
  const wanted = world
    .all('subscription')
    .filter((one) =>
      status === 'all'
        ? true
        : status === 'ended'
          ? hasEnded(one)
          : status
            ? one.status === status
            : !hasEnded(one),
    )
    .filter((one) => !price || itemsOf(world, one).some((item) => item._price === price));
  return page(world, call, wanted, ['customer', 'collection_method', 'test_clock']);
};

/** Subscriptions: created with a first invoice, renewed by time, ended by hand or by unpaid invoices. */
export const subscriptions: Record<string, Handler> = {
  'Subscriptions.create': (world, { params }) => view(world, createSubscription(world, params)),
  'Subscriptions.retrieve': (world, { ids }) => view(world, world.need('subscription', ids[ID]!)),
  'Subscriptions.update': (world, { ids, params }) =>
    view(world, changeSubscription(world, world.need('subscription', ids[ID]!), params)),
  'Subscriptions.cancel': cancel,
  'Subscriptions.list': list,
};
