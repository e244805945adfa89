import { RULES } from './rules';
import type { StripeObject } from './stripe-object';
import type { World } from './world';

/** What is shown only when it is asked for with `expand`. */
export const ON_DEMAND: Record<string, readonly string[]> = {
  customer: ['tax', 'subscriptions', 'tax_ids'],
  invoice: ['payments', 'confirmation_secret'],
  price: ['tiers'],
  charge: ['refunds'],
};

/** An object as an answer shows it: without the simulator's own fields and what is shown on demand, with its embedded lists. */
export function view(world: World, object: StripeObject): StripeObject {
  const shown: StripeObject = {};
  const hidden = ON_DEMAND[object.object as string] ?? [];
  for (const [key, value] of Object.entries(object)) {
    if (!key.startsWith('_') && !hidden.includes(key)) shown[key] = value;
  }
  if (object.object === 'invoice')
    shown.lines = embedded(world, linesOf(world, object), `/v1/invoices/${object.id}/lines`);
  if (Array.isArray(object._defaultTaxRates)) {
    shown.default_tax_rates = object._defaultTaxRates.map((id: string) => world.find('tax_rate', id) ?? id);
  }
  if (Array.isArray(object._taxRates) && 'tax_rates' in object) {
    shown.tax_rates = object._taxRates.map((id: string) => world.find('tax_rate', id) ?? id);
  }
  if (object.object === 'subscription') {
    const url = `/v1/subscription_items?subscription=${object.id}`;
    shown.items = embedded(world, itemsOf(world, object), url);
  }
  if (object.object === 'subscription_item') showPrice(world, shown, object);
  return shown;
}

/** An item shows its price, and once more as the plan that prices used to be. */
function showPrice(world: World, shown: StripeObject, item: StripeObject): void {
  const price = world.find('price', item._price as string)!;
  shown.price = view(world, price);
  const { active, billing_scheme, created, currency, id, livemode, metadata, nickname, product, tiers_mode } =
    price;
  const { interval, interval_count, meter, trial_period_days, usage_type } = price.recurring as StripeObject;
  const same = {
    active,
    billing_scheme,
    created,
    currency,
    id,
    livemode,
    metadata,
    nickname,
    product,
    tiers_mode,
  };
  const every = { interval, interval_count, meter, trial_period_days, usage_type };
  const amounts = { amount: price.unit_amount, amount_decimal: price.unit_amount_decimal };
  shown.plan = { ...same, ...every, ...amounts, object: 'plan', transform_usage: price.transform_quantity };
}

/** What `expand` brings in. */
export function viewOnDemand(world: World, object: StripeObject, field: string): unknown {
  if (object.object === 'customer' && field === 'subscriptions') {
    const alive = world
      .owned('subscription', 'customer', object)
      .filter((one) => one.status !== 'canceled' && one.status !== 'incomplete_expired');
    return embedded(world, alive.reverse(), `/v1/customers/${object.id}/subscriptions`);
  }
  if (object.object === 'customer' && field === 'tax_ids') {
    return embedded(world, world.owned('tax_id', 'customer', object), `/v1/customers/${object.id}/tax_ids`);
  }
  if (object.object === 'invoice' && field === 'payments') {
    const payments = world.owned('invoice_payment', 'invoice', object);
    return embedded(world, payments, `/v1/invoice_payments?invoice=${object.id}`);
  }
  if (object.object === 'charge' && field === 'refunds') {
    return embedded(world, world.owned('refund', 'charge', object), `/v1/charges/${object.id}/refunds`);
  }
  return object[field] ?? null;
}

export function linesOf(world: World, invoice: StripeObject): StripeObject[] {
  return world.owned('line_item', 'invoice', invoice);
}

export function itemsOf(world: World, subscription: StripeObject): StripeObject[] {
  return world.owned('subscription_item', 'subscription', subscription);
}

function embedded(world: World, objects: StripeObject[], url: string): StripeObject {
  const data = objects.slice(0, RULES.embeddedPage).map((object) => view(world, object));
  return { object: 'list', data, has_more: objects.length > RULES.embeddedPage, url };
}
