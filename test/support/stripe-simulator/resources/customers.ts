import { emit, change } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import { RULES } from '../rules';
import type { StripeObject } from '../stripe-object';
import { invalidRequest } from '../stripe-refusal';
import { taxStatus, requireLocation } from '../tax';
import { view } from '../view';
import type { World } from '../world';
import { attach, usablePaymentMethod } from './payment-methods';
import { endSubscription } from './subscriptions';

const PLAIN = [
  'description',
  'email',
  'name',
  'phone',
  'balance',
  'shipping',
  'tax_exempt',
  'preferred_locales',
];
const NO_ADDRESS = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };

const create: Handler = (world, { params }) => {
  const customer: StripeObject = {
    id: world.id('cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created: 0,
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: null,
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax: null,
    tax_exempt: 'none',
    test_clock: params.test_clock ?? null,
  };
  if (params.test_clock) checkClock(world, params.test_clock as string);
  customer.created = world.nowFor(customer);
  customer.invoice_prefix = `SIM${(customer.id as string).slice(-5).toUpperCase()}`;
  apply(world, customer, params);
  world.save(customer);
  if (params.payment_method)
    attach(world, usablePaymentMethod(world, params.payment_method as string), customer);
  emit(world, 'customer.created', customer);
  return view(world, customer);
};

function checkClock(world: World, id: string): void {
  world.named('test_helpers.test_clock', id, 'test_clock');
  const most = RULES.testClockCustomers;
  const onIt = world.all('customer').filter((one) => one.test_clock === id && !one._deleted);
  if (onIt.length >= most)
    throw invalidRequest(`A test clock holds at most ${most} customers.`, { param: 'test_clock' });
}

/** Sets what was sent, and with it what Stripe makes of the address for taxes. */
function apply(world: World, customer: StripeObject, params: StripeObject): void {
  const next = { ...customer, ...sent(params, PLAIN) };
  next.metadata = mergedMetadata(customer.metadata as StripeObject, params.metadata);
  if (params.address !== undefined)
    next.address = params.address ? { ...NO_ADDRESS, ...params.address } : null;
  const ip: unknown = params.tax?.ip_address ?? customer.tax?.ip_address ?? null;
  next.tax = taxStatus(world, next, ip as string | null);
  if (params.tax?.validate_location === 'immediately') requireLocation(next);
  if (params.invoice_settings) next.invoice_settings = settingsOf(world, customer, params.invoice_settings);
  Object.assign(customer, next);
}

function settingsOf(world: World, customer: StripeObject, wanted: StripeObject): StripeObject {
  const method = wanted.default_payment_method as string | undefined;
  if (method) {
    const found = world.named('payment_method', method, 'invoice_settings[default_payment_method]');
    if (found.customer !== customer.id) {
      const message = `The payment method ${method} must be attached to the customer first.`;
      throw invalidRequest(message, { param: 'invoice_settings[default_payment_method]' });
    }
  }
  return { ...customer.invoice_settings, ...sent(wanted, Object.keys(wanted)) };
}

const retrieve: Handler = (world, { ids }) => {
  const customer = world.find('customer', ids.customer!);
  if (customer?._deleted) return { id: customer.id, object: 'customer', deleted: true };
  return view(world, world.need('customer', ids.customer!));
};

const update: Handler = (world, { ids, params }) => {
  const customer = world.need('customer', ids.customer!);
  return view(
    world,
    change(world, customer, 'customer.updated', () => apply(world, customer, params)),
  );
};

/** A deleted customer's subscriptions end at once; the customer stays readable as deleted. */
const del: Handler = (world, { ids }) => {
  const customer = world.need('customer', ids.customer!);
  for (const subscription of world.owned('subscription', 'customer', customer))
    endSubscription(world, subscription);
  customer._deleted = true;
  world.save(customer);
  emit(world, 'customer.deleted', customer);
  return { id: customer.id, object: 'customer', deleted: true };
};

const list: Handler = (world, call) => {
  const wanted = world
    .all('customer')
    .filter((one) => !one._deleted && one.test_clock === (call.params.test_clock ?? null));
  return page(world, call, wanted, ['email']);
};

/** Customers: one has an address, which decides about taxes, and a balance, which invoices take from. */
export const customers: Record<string, Handler> = {
  'Customers.create': create,
  'Customers.retrieve': retrieve,
  'Customers.update': update,
  'Customers.del': del,
  'Customers.list': list,
};
