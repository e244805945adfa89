import { change, emit } from '../events';
import type { Handler } from '../handlers';
import { notA } from '../invoice-states';
import { pricingOf, sumUp } from '../invoice-lines';
import { page } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import { rate } from '../rating';
import type { StripeObject } from '../stripe-object';
import { invalidRequest } from '../stripe-refusal';
import { putOn } from '../subscription-billing';
import { linesOf, view } from '../view';
import type { World } from '../world';
import { newPrice } from './prices';

/** What one item costs: an amount that was named, or a price times a quantity. */
export function amountOf(
  world: World,
  params: StripeObject,
): { amount: number; quantity: number; price: StripeObject | null } {
  const quantity = (params.quantity as number | undefined) ?? 1;
  const named = (params.pricing?.price ?? params._price) as string | undefined;
  const price = params.price_data
    ? newPrice(world, params.price_data as StripeObject)
    : named
      ? world.named('price', named, 'pricing[price]')
      : null;
  if (params.amount !== undefined) {
    return {
      amount: params.amount as number,
      quantity: (params._quantity as number | undefined) ?? quantity,
      price,
    };
  }
  if (!price)
    throw invalidRequest('amount or pricing is needed.', { code: 'parameter_missing', param: 'amount' });
  if (price.recurring)
    throw invalidRequest('Only a price for one time can be put on an invoice.', { param: 'pricing' });
  return { amount: rate(price, quantity).reduce((sum, one) => sum + one.amount, 0), quantity, price };
}

/** An item that waits for an invoice, or goes on the draft that is named. */
export function newInvoiceItem(world: World, params: StripeObject): StripeObject {
  const customer = world.named('customer', (params.customer as string | undefined) ?? '', 'customer');
  const invoice = params.invoice ? draftOf(world, params.invoice as string, customer) : null;
  const { amount, quantity, price } = amountOf(world, params);
  const currency = (
    (params.currency ?? price?.currency ?? invoice?.currency) as string | undefined
  )?.toLowerCase();
  if (!currency)
    throw invalidRequest('A currency is needed.', { code: 'parameter_missing', param: 'currency' });
  if (invoice && invoice.currency !== currency) {
    throw invalidRequest(`The invoice is in ${invoice.currency}, the item in ${currency}.`, {
      param: 'currency',
    });
  }
  const now = world.nowFor(customer);
  const subscription = (params.subscription ?? invoice?._subscription ?? null) as string | null;
  const item = world.save({
    id: world.id('ii'),
    object: 'invoiceitem',
    amount,
    currency,
    customer: customer.id as string,
    customer_account: null,
    date: now,
    description: (params.description as string | undefined) ?? null,
    discountable: params.discountable ?? amount >= 0,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: mergedMetadata(null, params.metadata),
    net_amount: amount,
    parent: subscription
      ? { subscription_details: { subscription, subscription_item: null }, type: 'subscription_details' }
      : null,
    period: params.period ?? { start: now, end: now },
    pricing: pricingOf({ price, amount, quantity }),
    proration: Boolean(params._proration),
    quantity,
    tax_rates: [],
    test_clock: customer.test_clock as string | null,
    _price: price?.id ?? null,
    _subscription: subscription,
    _taxRates: (params.tax_rates || []) as string[],
  });
  emit(world, 'invoiceitem.created', item);
  if (invoice) putOn(world, invoice, item);
  return item;
}

function draftOf(world: World, id: string, customer: StripeObject): StripeObject {
  const invoice = world.named('invoice', id, 'invoice');
  if (invoice.status !== 'draft') throw notA(invoice, 'draft', 'given items');
  if (invoice.customer !== customer.id) {
    throw invalidRequest('The invoice belongs to another customer.', { param: 'invoice' });
  }
  return invoice;
}

/** The draft an item stands on. @throws StripeRefusal when that invoice is finalized */
function editable(world: World, item: StripeObject): StripeObject | null {
  const invoice = item.invoice ? world.find('invoice', item.invoice as string)! : null;
  if (invoice && invoice.status !== 'draft') throw notA(invoice, 'draft', 'changed');
  return invoice;
}

const update: Handler = (world, { ids, params }) => {
  const item = world.need('invoiceitem', ids.invoiceitem!);
  const invoice = editable(world, item);
  change(world, item, 'invoiceitem.updated', () => {
    Object.assign(item, sent(params, ['amount', 'description', 'quantity', 'period', 'discountable']));
    item.metadata = mergedMetadata(item.metadata, params.metadata);
    item.net_amount = item.amount;
  });
  if (!invoice) return view(world, item);
  for (const line of linesOf(world, invoice).filter((one) => one._invoiceItem === item.id))
    world.remove(line);
  putOn(world, invoice, item);
  return view(world, item);
};

const del: Handler = (world, { ids }) => {
  const item = world.need('invoiceitem', ids.invoiceitem!);
  const invoice = editable(world, item);
  world.remove(item);
  if (invoice) {
    for (const line of linesOf(world, invoice).filter((one) => one._invoiceItem === item.id))
      world.remove(line);
    sumUp(world, invoice, linesOf(world, invoice));
  }
  emit(world, 'invoiceitem.deleted', item);
  return { id: item.id, object: 'invoiceitem', deleted: true };
};

const list: Handler = (world, call) => {
  const { pending } = call.params;
  const wanted = world
    .all('invoiceitem')
    .filter((one) => pending === undefined || (one.invoice === null) === pending);
  return page(world, call, wanted, ['customer', 'invoice']);
};

/** Invoice items: pending until an invoice takes them, fixed once it is finalized. */
export const invoiceItems: Record<string, Handler> = {
  'InvoiceItems.create': (world, { params }) => view(world, newInvoiceItem(world, params)),
  'InvoiceItems.retrieve': (world, { ids }) => view(world, world.need('invoiceitem', ids.invoiceitem!)),
  'InvoiceItems.update': update,
  'InvoiceItems.del': del,
  'InvoiceItems.list': list,
};
