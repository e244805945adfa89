import { change } from '../events';
import type { Handler } from '../handlers';
import { cut } from '../lists';
import type { StripeObject } from '../stripe-object';
import { changeItem } from '../subscription-change';
import { itemsOf, view } from '../view';
import type { World } from '../world';

function changed(world: World, subscription: StripeObject, params: StripeObject): StripeObject {
  let item: StripeObject = {};
  const behaviour = (params.proration_behavior as string | undefined) ?? 'create_prorations';
  change(world, subscription, 'customer.subscription.updated', () => {
    item = changeItem(world, subscription, { item: params, behaviour });
  });
  return item;
}

const ownerOf = (world: World, item: StripeObject): StripeObject =>
  world.need('subscription', item.subscription as string);

/** Items of subscriptions, one by one. */
export const subscriptionItems: Record<string, Handler> = {
  'SubscriptionItems.create': (world, { params }) => {
    const subscription = world.named('subscription', params.subscription as string, 'subscription');
    const { id: _id, ...wish } = params;
    return view(world, changed(world, subscription, wish));
  },
  'SubscriptionItems.retrieve': (world, { ids }) => view(world, world.need('subscription_item', ids.item!)),
  'SubscriptionItems.update': (world, { ids, params }) => {
    const item = world.need('subscription_item', ids.item!);
    return view(world, changed(world, ownerOf(world, item), { ...params, id: item.id as string }));
  },
  'SubscriptionItems.del': (world, { ids, params }) => {
    const item = world.need('subscription_item', ids.item!);
    changed(world, ownerOf(world, item), { ...params, id: item.id as string, deleted: true });
    return { id: item.id, object: 'subscription_item', deleted: true };
  },
  'SubscriptionItems.list': (world, call) => {
    const subscription = world.named('subscription', call.params.subscription as string, 'subscription');
    return cut(world, call, itemsOf(world, subscription));
  },
};
