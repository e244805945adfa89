import { emit } from './events';
import { finalize } from './invoice-states';
import { pay } from './invoice-payment';
import { mergedMetadata } from './metadata';
import { newPrice } from './resources/prices';
import { DAY } from './rules';
import type { StripeObject } from './stripe-object';
import { StripeRefusal, invalidRequest, notModelled } from './stripe-refusal';
import { draftFor, periodAt, setPeriod } from './subscription-billing';
import { requireLocation } from './tax';
import { itemsOf } from './view';
import type { World } from './world';

/** Parameters whose effect the simulator does not know; silence would be a lie. */
const NOT_MODELLED = [
  ...[
    'add_invoice_items',
    'backdate_start_date',
    'billing_cycle_anchor',
    'billing_cycle_anchor_config',
    'discounts',
  ],
  ...[
    'billing_thresholds',
    'pending_invoice_item_interval',
    'transfer_data',
    'on_behalf_of',
    'billing_schedules',
  ],
];

/** @throws StripeRefusal when a named object is missing, no card could pay, or (as asked) the first payment fails */
export function createSubscription(world: World, params: StripeObject): StripeObject {
  refuseUnmodelled(params, NOT_MODELLED);
  const customer = world.named('customer', (params.customer as string | undefined) ?? '', 'customer');
  const wanted = (params.items ?? []) as StripeObject[];
  if (wanted.length === 0)
    throw invalidRequest('A subscription needs items.', { code: 'parameter_missing', param: 'items' });
  if (params.automatic_tax?.enabled) requireLocation(customer);
  if (params.default_payment_method) {
    world.named('payment_method', params.default_payment_method as string, 'default_payment_method');
  }
  const prices = wanted.map((item, at) => priceOf(world, item, `items[${at}][price]`));
  checkPrices(prices);
  const subscription = world.save(
    newSubscription(world, customer, { params, currency: prices[0]!.currency as string }),
  );
  wanted.forEach((item, at) => newItem(world, subscription, { params: item, price: prices[at]! }));
  begin(world, subscription, params);
  return subscription;
}

export function refuseUnmodelled(params: StripeObject, names: readonly string[]): void {
  const name = names.find((one) => params[one] !== undefined && params[one] !== '');
  if (name) throw notModelled(`the parameter ${name} of subscriptions`);
}

/** The price an item names or describes. @throws StripeRefusal when it is inactive or no recurring one */
export function priceOf(world: World, item: StripeObject, param: string): StripeObject {
  const price = item.price_data
    ? newPrice(world, item.price_data as StripeObject)
    : world.named('price', ((item.price ?? item.plan) as string | undefined) ?? '', param);
  if (!price.recurring) throw invalidRequest('The price is not recurring.', { param });
  if (!price.active) throw invalidRequest('The price is not active.', { param });
  return price;
}

function checkPrices(prices: StripeObject[]): void {
  const [first, ...rest] = prices as [StripeObject, ...StripeObject[]];
  const every = (price: StripeObject): string =>
    `${price.recurring.interval} ${price.recurring.interval_count}`;
  if (rest.some((price) => price.currency !== first.currency)) {
    throw invalidRequest('All prices of a subscription have one currency.', { param: 'items' });
  }
  if (rest.some((price) => every(price) !== every(first))) throw notModelled('items of different intervals');
}

function newSubscription(
  world: World,
  customer: StripeObject,
  wish: { params: StripeObject; currency: string },
): StripeObject {
  const { params } = wish;
  const now = world.nowFor(customer);
  const enabled = Boolean(params.automatic_tax?.enabled);
  const nulls = [
    ...[
      'application',
      'application_fee_percent',
      'billing_cycle_anchor_config',
      'billing_thresholds',
      'canceled_at',
    ],
    ...[
      'customer_account',
      'default_source',
      'ended_at',
      'latest_invoice',
      'next_pending_invoice_item_invoice',
    ],
    ...[
      'on_behalf_of',
      'pause_collection',
      'pending_invoice_item_interval',
      'pending_setup_intent',
      'pending_update',
    ],
    ...['schedule', 'transfer_data', 'trial_end', 'trial_start'],
  ];
  return {
    ...Object.fromEntries(nulls.map((field) => [field, null])),
    id: world.id('sub'),
    object: 'subscription',
    automatic_tax: { disabled_reason: null, enabled, liability: enabled ? { type: 'self' } : null },
    billing_cycle_anchor: now,
    billing_mode: { flexible: null, type: 'flexible', ...params.billing_mode },
    cancel_at: params.cancel_at ?? null,
    cancel_at_period_end: params.cancel_at_period_end ?? false,
    cancellation_details: { comment: null, feedback: null, reason: null },
    collection_method: params.collection_method ?? 'charge_automatically',
    created: now,
    currency: wish.currency,
    customer: customer.id,
    days_until_due: params.days_until_due ?? null,
    default_payment_method: params.default_payment_method ?? null,
    default_tax_rates: [],
    description: params.description ?? null,
    discounts: [],
    invoice_settings: { account_tax_ids: null, issuer: { type: 'self' } },
    livemode: false,
    metadata: mergedMetadata(null, params.metadata),
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    start_date: now,
    status: 'incomplete',
    test_clock: customer.test_clock,
    trial_settings: { end_behavior: { missing_payment_method: 'create_invoice' } },
    _cycle: 0,
    _defaultTaxRates: (params.default_tax_rates || []) as string[],
  };
}

/** An item as it stands after its creation; metered ones have no quantity. */
export function newItem(
  world: World,
  subscription: StripeObject,
  wish: { params: StripeObject; price: StripeObject },
): StripeObject {
  const metered = wish.price.recurring.usage_type === 'metered';
  if (metered && wish.params.quantity !== undefined) {
    throw invalidRequest('A metered item has no quantity.', { param: 'quantity' });
  }
  return world.save({
    id: world.id('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: world.nowFor(subscription),
    current_period_end: subscription.billing_cycle_anchor as number,
    current_period_start: subscription.billing_cycle_anchor as number,
    discounts: [],
    metadata: mergedMetadata(null, wish.params.metadata),
    ...(metered ? {} : { quantity: (wish.params.quantity as number | undefined) ?? 1 }),
    subscription: subscription.id as string,
    tax_rates: [],
    _price: wish.price.id as string,
    _taxRates: (wish.params.tax_rates || []) as string[],
  });
}

/** The trial, or the first invoice, finalized and paid at once as far as it can be. */
function begin(world: World, subscription: StripeObject, params: StripeObject): void {
  const now = world.nowFor(subscription);
  const days = params.trial_period_days as number | undefined;
  const trialEnd = (days ? now + days * DAY : params.trial_end === 'now' ? undefined : params.trial_end) as
    number | undefined;
  if (trialEnd) {
    const trial = { trial_start: now, trial_end: trialEnd, billing_cycle_anchor: trialEnd };
    Object.assign(subscription, { ...trial, status: 'trialing' });
    setPeriod(world, subscription, { start: now, end: trialEnd });
  } else {
    setPeriod(world, subscription, periodAt(world, subscription, 0));
    firstInvoice(world, subscription, (params.payment_behavior as string | undefined) ?? 'allow_incomplete');
  }
  world.save(subscription);
  emit(world, 'customer.subscription.created', subscription);
}

function firstInvoice(world: World, subscription: StripeObject, behaviour: string): void {
  subscription._creating = true;
  const periods = { coming: periodAt(world, subscription, 0), past: null };
  const invoice = draftFor(world, subscription, { reason: 'subscription_create', periods });
  subscription.latest_invoice = invoice.id;
  emit(world, 'invoice.created', invoice);
  finalize(world, invoice, { byHand: false });
  if (invoice.status === 'paid' || subscription.collection_method === 'send_invoice')
    subscription.status = 'active';
  else if (behaviour !== 'default_incomplete') payFirst(world, subscription, { invoice, behaviour });
  delete subscription._creating;
}

function payFirst(
  world: World,
  subscription: StripeObject,
  first: { invoice: StripeObject; behaviour: string },
): void {
  try {
    pay(world, first.invoice, { offSession: false });
    subscription.status = 'active';
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error;
    // Without any card the subscription is refused; with a bad one it waits, unless that was not wanted.
    if (error.status === 402 && first.behaviour !== 'error_if_incomplete') return;
    for (const item of itemsOf(world, subscription)) world.remove(item);
    world.remove(subscription);
    world.remove(first.invoice);
    throw error;
  }
}
