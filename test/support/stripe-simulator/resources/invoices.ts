import { change, emit } from '../events';
import type { Handler } from '../handlers';
import { newDraft, openDraft } from '../invoice-draft';
import { sumUp } from '../invoice-lines';
import { markPaid, pay } from '../invoice-payment';
import { finalize, giveUp, notA, voidInvoice } from '../invoice-states';
import { page } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import type { StripeObject } from '../stripe-object';
import { invalidRequest, notModelled } from '../stripe-refusal';
import { takePending } from '../subscription-billing';
import { linesOf, view } from '../view';
import type { World } from '../world';

const DRAFT_ONLY = [
  'collection_method',
  'due_date',
  'days_until_due',
  'description',
  'default_payment_method',
  'footer',
];

const create: Handler = (world, { params }) => {
  if (params.discounts || params.from_invoice)
    throw notModelled('invoices with discounts or out of other invoices');
  const customer = world.named('customer', (params.customer as string | undefined) ?? '', 'customer');
  const subscription = params.subscription
    ? world.named('subscription', params.subscription as string, 'subscription')
    : null;
  const currency = (params.currency ?? subscription?.currency ?? customer.currency ?? 'usd') as string;
  const wishes = { customer, currency: currency.toLowerCase(), reason: 'manual', params, subscription };
  const invoice = openDraft(world, newDraft(world, wishes));
  const takes = params.pending_invoice_items_behavior ?? (subscription ? 'include' : 'exclude');
  if (takes === 'include') takePending(world, invoice, subscription);
  return view(world, invoice);
};

const update: Handler = (world, { ids, params }) => {
  const invoice = world.need('invoice', ids.invoice!, 'invoice');
  const fixed = Object.keys(sent(params, [...DRAFT_ONLY, 'automatic_tax', 'default_tax_rates']));
  if (invoice.status !== 'draft' && fixed.length > 0)
    throw notA(invoice, 'draft', `given another ${fixed[0]}`);
  change(world, invoice, 'invoice.updated', () => {
    Object.assign(invoice, sent(params, [...DRAFT_ONLY, 'auto_advance']));
    invoice.metadata = mergedMetadata(invoice.metadata, params.metadata);
    if (params.automatic_tax)
      Object.assign(invoice.automatic_tax, { enabled: params.automatic_tax.enabled as boolean });
    if (params.default_tax_rates !== undefined) invoice._defaultTaxRates = params.default_tax_rates || [];
    if (invoice.status === 'draft') sumUp(world, invoice, linesOf(world, invoice));
  });
  return view(world, invoice);
};

const del: Handler = (world, { ids }) => {
  const invoice = world.need('invoice', ids.invoice!, 'invoice');
  if (invoice.status !== 'draft') throw notA(invoice, 'draft', 'deleted');
  if (invoice._subscription) throw invalidRequest('A draft of a subscription cannot be deleted.');
  for (const line of linesOf(world, invoice)) {
    const item = line._invoiceItem ? world.find('invoiceitem', line._invoiceItem as string) : undefined;
    if (item) world.remove(item);
    world.remove(line);
  }
  world.remove(invoice);
  emit(world, 'invoice.deleted', invoice);
  return { id: invoice.id, object: 'invoice', deleted: true };
};

const finalizeNow: Handler = (world, { ids, params }) => {
  const invoice = world.need('invoice', ids.invoice!, 'invoice');
  if (params.auto_advance !== undefined) invoice.auto_advance = params.auto_advance as boolean;
  return view(world, finalize(world, invoice, { byHand: true }));
};

const payNow: Handler = (world, { ids, params }) => {
  const invoice = world.need('invoice', ids.invoice!, 'invoice');
  if (invoice.status === 'draft') finalize(world, invoice, { byHand: true });
  if (invoice.status === 'paid' && (invoice.amount_due as number) === 0) return view(world, invoice);
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') throw notA(invoice, 'open', 'paid');
  if (params.paid_out_of_band) markOutOfBand(world, invoice);
  else
    pay(world, invoice, {
      method: params.payment_method as string | undefined,
      offSession: Boolean(params.off_session ?? true),
    });
  return view(world, invoice);
};

/** Paid elsewhere: the invoice is settled, no charge was made. */
function markOutOfBand(world: World, invoice: StripeObject): void {
  for (const payment of world.owned('invoice_payment', 'invoice', invoice)) world.remove(payment);
  markPaid(world, invoice, invoice.amount_due as number);
}

const send: Handler = (world, { ids }) => {
  const invoice = world.need('invoice', ids.invoice!, 'invoice');
  if (invoice.collection_method !== 'send_invoice') {
    throw invalidRequest('Only an invoice whose collection method is send_invoice can be sent.');
  }
  if (invoice.status === 'draft') finalize(world, invoice, { byHand: true });
  emit(world, 'invoice.sent', invoice);
  return view(world, invoice);
};

const list: Handler = (world, call) => {
  const { subscription } = call.params;
  const wanted = world.all('invoice').filter((one) => !subscription || one._subscription === subscription);
  return page(world, call, wanted, ['customer', 'status', 'collection_method']);
};

const found = (world: World, id: string): StripeObject => world.need('invoice', id, 'invoice');

/** Invoices: draft, open, then paid, void or uncollectible. */
export const invoices: Record<string, Handler> = {
  'Invoices.create': create,
  'Invoices.retrieve': (world, { ids }) => view(world, found(world, ids.invoice!)),
  'Invoices.update': update,
  'Invoices.del': del,
  'Invoices.list': list,
  'Invoices.finalizeInvoice': finalizeNow,
  'Invoices.pay': payNow,
  'Invoices.sendInvoice': send,
  'Invoices.voidInvoice': (world, { ids }) => view(world, voidInvoice(world, found(world, ids.invoice!))),
  'Invoices.markUncollectible': (world, { ids }) => view(world, giveUp(world, found(world, ids.invoice!))),
};
