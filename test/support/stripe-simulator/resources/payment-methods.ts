import { change, emit } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import type { StripeObject } from '../stripe-object';
import { cardError, invalidRequest, notModelled } from '../stripe-refusal';
import { testCard, type TestCard } from '../test-cards';
import { view } from '../view';
import type { World } from '../world';

const NO_ADDRESS = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };

/** A card as a payment method that belongs to nobody yet. */
export function newPaymentMethod(world: World, card: TestCard, params: StripeObject = {}): StripeObject {
  const billing = (params.billing_details ?? {}) as StripeObject;
  return world.save({
    id: world.id('pm'),
    object: 'payment_method',
    allow_redisplay: (params.allow_redisplay as string | undefined) ?? 'unspecified',
    billing_details: {
      email: null,
      name: null,
      phone: null,
      tax_id: null,
      ...billing,
      address: { ...NO_ADDRESS, ...billing.address },
    },
    card: cardDetails(card, params),
    created: world.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: mergedMetadata(null, params.metadata),
    type: 'card',
    _card: card,
  });
}

function cardDetails(card: TestCard, params: StripeObject): StripeObject {
  const { brand, last4 } = card;
  return {
    brand,
    checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
    country: 'US',
    display_brand: brand,
    exp_month: (params.card?.exp_month as number | undefined) ?? 12,
    exp_year: (params.card?.exp_year as number | undefined) ?? 2040,
    fingerprint: `sim${brand}${last4}`,
    funding: 'credit',
    generated_from: null,
    last4,
    networks: { available: [brand], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  };
}

/** The payment method an id names; a published test card's name makes a new one, as in Stripe's sandbox. */
export function usablePaymentMethod(world: World, id: string, param = 'payment_method'): StripeObject {
  const card = testCard(id);
  return card && !world.find('payment_method', id)
    ? newPaymentMethod(world, card)
    : world.named('payment_method', id, param);
}

/** @throws StripeRefusal when it belongs to another customer, was detached before, or the card refuses */
export function attach(world: World, method: StripeObject, customer: StripeObject): StripeObject {
  if (method.customer === customer.id) return method;
  if (method.customer !== null) throw invalidRequest('The payment method belongs to another customer.');
  if (method._detached) {
    throw invalidRequest(
      'The payment method was detached or used without a customer; it cannot be used again.',
    );
  }
  const card = method._card as TestCard;
  if (card.declinedAlways) throw cardError(card.declinedAlways);
  method.customer = customer.id;
  world.save(method);
  emit(world, 'payment_method.attached', method);
  return method;
}

/** After this the customer's invoices are no longer paid with it. */
function detach(world: World, method: StripeObject): StripeObject {
  if (method.customer === null) throw invalidRequest('The payment method is not attached to a customer.');
  const customer = world.named('customer', method.customer as string, 'customer');
  change(world, method, 'payment_method.detached', () =>
    Object.assign(method, { customer: null, _detached: true }),
  );
  if (customer.invoice_settings.default_payment_method !== method.id) return method;
  change(world, customer, 'customer.updated', () => {
    customer.invoice_settings = { ...customer.invoice_settings, default_payment_method: null };
  });
  return method;
}

const create: Handler = (world, { params }) => {
  if (params.type !== 'card') throw notModelled(`payment methods of type ${params.type}`);
  const wanted = String(params.card?.token ?? params.card?.number ?? '');
  const card = testCard(wanted);
  if (!card) throw notModelled(`the card ${wanted}: it takes Stripe's published test cards`);
  return view(world, newPaymentMethod(world, card, params));
};

/** Cards: attached to a customer they pay its invoices. */
export const paymentMethods: Record<string, Handler> = {
  'PaymentMethods.create': create,
  'PaymentMethods.retrieve': (world, { ids }) =>
    view(world, world.need('payment_method', ids.payment_method!)),
  'PaymentMethods.update': (world, { ids, params }) => {
    const method = world.need('payment_method', ids.payment_method!);
    const apply = (): void => {
      Object.assign(method, sent(params, ['allow_redisplay']));
      method.metadata = mergedMetadata(method.metadata, params.metadata);
      const details = (params.billing_details ?? {}) as StripeObject;
      const address = { ...method.billing_details.address, ...details.address };
      method.billing_details = { ...method.billing_details, ...details, address };
    };
    return view(world, change(world, method, 'payment_method.updated', apply));
  },
  'PaymentMethods.list': (world, call) =>
    page(
      world,
      call,
      world.all('payment_method').filter((one) => one.customer !== null),
      ['customer', 'type'],
    ),
  'Customers.listPaymentMethods': (world, call) => {
    const customer = world.need('customer', call.ids.customer!, 'customer');
    return page(world, call, world.owned('payment_method', 'customer', customer), ['type']);
  },
  'Customers.retrievePaymentMethod': (world, { ids }) =>
    view(world, world.need('payment_method', ids.payment_method!)),
  'PaymentMethods.attach': (world, { ids, params }) => {
    const method = testCard(ids.payment_method!)
      ? usablePaymentMethod(world, ids.payment_method!)
      : world.need('payment_method', ids.payment_method!);
    return view(world, attach(world, method, world.named('customer', params.customer as string, 'customer')));
  },
  'PaymentMethods.detach': (world, { ids }) =>
    view(world, detach(world, world.need('payment_method', ids.payment_method!))),
};
