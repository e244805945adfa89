import { change } from './events';
import { newDraft, openDraft } from './invoice-draft';
import { advanceDraft } from './invoice-states';
import { mergedMetadata, sent } from './metadata';
import { prorated, rate } from './rating';
import { newInvoiceItem } from './resources/invoice-items';
import type { StripeObject } from './stripe-object';
import { invalidRequest, notModelled } from './stripe-refusal';
import { periodOf, takePending } from './subscription-billing';
import { newItem, priceOf, refuseUnmodelled } from './subscription-creation';
import { requireLocation } from './tax';
import { itemsOf } from './view';
import type { World } from './world';

const NOT_MODELLED = [
  ...[
    'add_invoice_items',
    'billing_cycle_anchor',
    'billing_thresholds',
    'discounts',
    'pause_collection',
    'trial_end',
  ],
  ...['pending_invoice_item_interval', 'proration_date', 'transfer_data', 'on_behalf_of'],
];
const PLAIN = [
  'cancel_at',
  'cancel_at_period_end',
  'collection_method',
  'days_until_due',
  'description',
  'default_payment_method',
];

/** Changes a subscription; other prices or quantities are settled by proration unless that is not wanted. */
export function changeSubscription(
  world: World,
  subscription: StripeObject,
  params: StripeObject,
): StripeObject {
  if (['canceled', 'incomplete_expired'].includes(subscription.status as string)) {
    throw invalidRequest('A subscription that has ended can no longer be changed.', {
      code: 'resource_missing',
    });
  }
  refuseUnmodelled(params, NOT_MODELLED);
  if (params.automatic_tax?.enabled)
    requireLocation(world.find('customer', subscription.customer as string)!);
  const items = (params.items ?? []) as StripeObject[];
  const behaviour = (params.proration_behavior as string | undefined) ?? 'create_prorations';
  change(world, subscription, 'customer.subscription.updated', () => {
    Object.assign(subscription, sent(params, PLAIN));
    subscription.metadata = mergedMetadata(subscription.metadata, params.metadata);
    if (params.automatic_tax) {
      const { enabled } = params.automatic_tax as { enabled: boolean };
      subscription.automatic_tax = {
        disabled_reason: null,
        enabled,
        liability: enabled ? { type: 'self' } : null,
      };
    }
    if (params.default_tax_rates !== undefined)
      subscription._defaultTaxRates = params.default_tax_rates || [];
    if (params.cancel_at_period_end !== undefined) markCancelling(world, subscription);
    for (const item of items) changeItem(world, subscription, { item, behaviour });
  });
  if (behaviour === 'always_invoice' && items.length > 0) invoiceNow(world, subscription);
  return subscription;
}

function markCancelling(world: World, subscription: StripeObject): void {
  const ending = subscription.cancel_at_period_end as boolean;
  subscription.cancel_at = ending ? periodOf(world, subscription).end : null;
  subscription.canceled_at = ending ? world.nowFor(subscription) : null;
  const reason = ending ? 'cancellation_requested' : null;
  subscription.cancellation_details = { ...subscription.cancellation_details, reason };
}

/** One item added, changed or taken away. */
export function changeItem(
  world: World,
  subscription: StripeObject,
  wish: { item: StripeObject; behaviour: string },
): StripeObject {
  const { item: params, behaviour } = wish;
  const settle = behaviour !== 'none';
  if (!params.id) return addItem(world, subscription, { params, settle });
  const item = world.named('subscription_item', params.id as string, 'items[id]');
  if (settle) settleItem(world, { item, sign: -1 });
  if (params.deleted) {
    if (itemsOf(world, subscription).length === 1)
      throw invalidRequest('A subscription keeps at least one item.');
    world.remove(item);
    return item;
  }
  if (params.price || params.price_data) item._price = priceForSwitch(world, item, params).id as string;
  const metered = world.find('price', item._price as string)!.recurring.usage_type === 'metered';
  if (metered) delete item.quantity;
  else item.quantity = ((params.quantity ?? item.quantity) as number | undefined) ?? 1;
  if (params.tax_rates !== undefined) item._taxRates = (params.tax_rates || []) as string[];
  item.metadata = mergedMetadata(item.metadata, params.metadata);
  world.save(item);
  if (settle) settleItem(world, { item, sign: 1 });
  return item;
}

function addItem(
  world: World,
  subscription: StripeObject,
  wish: { params: StripeObject; settle: boolean },
): StripeObject {
  const period = periodOf(world, subscription);
  const price = priceOf(world, wish.params, 'items[price]');
  if (itemsOf(world, subscription).some((one) => one._price === price.id)) {
    throw invalidRequest('The subscription has an item of that price already.', { param: 'items[price]' });
  }
  const item = newItem(world, subscription, { params: wish.params, price });
  Object.assign(item, { current_period_start: period.start, current_period_end: period.end });
  if (wish.settle) settleItem(world, { item, sign: 1 });
  return item;
}

function priceForSwitch(world: World, item: StripeObject, params: StripeObject): StripeObject {
  const price = priceOf(world, params, 'items[price]');
  const old = world.find('price', item._price as string)!;
  if (price.currency !== old.currency)
    throw invalidRequest('A subscription keeps its currency.', { param: 'items' });
  const same = ['interval', 'interval_count'].every(
    (field) => price.recurring[field] === old.recurring[field],
  );
  if (!same) throw notModelled('a change to a price of another interval');
  return price;
}

/** Credits (-1) or charges (+1) the rest of the running period; usage is never prorated. */
function settleItem(world: World, of: { item: StripeObject; sign: 1 | -1 }): void {
  const { item, sign } = of;
  const price = world.find('price', item._price as string)!;
  const subscription = world.find('subscription', item.subscription as string)!;
  if (price.recurring.usage_type === 'metered' || subscription.status === 'trialing') return;
  const now = world.nowFor(subscription);
  const [start, end] = [item.current_period_start as number, item.current_period_end as number];
  const whole = rate(price, item.quantity as number).reduce((sum, one) => sum + one.amount, 0);
  const amount = sign * prorated(whole, end - now, end - start);
  if (amount === 0) return;
  newInvoiceItem(world, {
    customer: subscription.customer as string,
    currency: price.currency as string,
    amount,
    description: sign < 0 ? 'Unused time' : 'Remaining time',
    period: { start: now, end },
    subscription: subscription.id as string,
    _proration: true,
    _price: price.id as string,
    _quantity: item.quantity as number,
  });
}

function invoiceNow(world: World, subscription: StripeObject): void {
  const customer = world.find('customer', subscription.customer as string)!;
  const wishes = { customer, currency: subscription.currency as string, subscription, autoAdvance: true };
  const invoice = newDraft(world, { ...wishes, reason: 'subscription_update' });
  openDraft(world, invoice);
  takePending(world, invoice, subscription);
  subscription.latest_invoice = invoice.id;
  advanceDraft(world, invoice);
}
