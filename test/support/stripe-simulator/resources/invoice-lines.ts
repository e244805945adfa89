import { change } from '../events';
import type { Handler } from '../handlers';
import { addLines, sumUp } from '../invoice-lines';
import { notA } from '../invoice-states';
import { cut } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import type { StripeObject } from '../stripe-object';
import { putOn } from '../subscription-billing';
import { linesOf, view } from '../view';
import type { World } from '../world';
import { amountOf, newInvoiceItem } from './invoice-items';

function draftOf(world: World, id: string): StripeObject {
  const invoice = world.need('invoice', id, 'invoice');
  if (invoice.status !== 'draft') throw notA(invoice, 'draft', 'given other lines');
  return invoice;
}

/** Changes the draft's lines as one change of the invoice. */
function edit(
  world: World,
  invoice: StripeObject,
  params: StripeObject,
  work: (line: StripeObject) => void,
): StripeObject {
  change(world, invoice, 'invoice.updated', () => {
    invoice.metadata = mergedMetadata(invoice.metadata, params.invoice_metadata);
    for (const line of params.lines as StripeObject[]) work(line);
    sumUp(world, invoice, linesOf(world, invoice));
  });
  return view(world, invoice);
}

function add(world: World, invoice: StripeObject, wish: StripeObject): void {
  if (wish.invoice_item)
    return putOn(world, invoice, world.named('invoiceitem', wish.invoice_item as string, 'lines'));
  const { amount, quantity, price } = amountOf(world, wish);
  const now = world.nowFor(invoice);
  const item = newInvoiceItem(world, {
    ...{
      customer: invoice.customer as string,
      currency: invoice.currency as string,
      description: wish.description,
    },
    ...{
      amount,
      metadata: wish.metadata,
      period: wish.period,
      tax_rates: wish.tax_rates,
      _quantity: quantity,
    },
    ...(price ? { _price: price.id as string } : {}),
  });
  item.invoice = invoice.id;
  world.save(item);
  addLines(world, invoice, [
    {
      amount,
      quantity,
      price,
      description: (wish.description as string | undefined) ?? null,
      period: (wish.period as { start: number; end: number } | undefined) ?? { start: now, end: now },
      metadata: mergedMetadata(null, wish.metadata),
      taxRates: (wish.tax_rates || []) as string[],
      invoiceItem: item.id as string,
    },
  ]);
}

function lineOf(world: World, invoice: StripeObject, id: string): StripeObject {
  const line = world.named('line_item', id, 'lines');
  return line.invoice === invoice.id ? line : world.named('line_item', '', 'lines');
}

function changeLine(world: World, line: StripeObject, wish: StripeObject): void {
  Object.assign(line, sent(wish, ['amount', 'description', 'quantity', 'period', 'discountable']));
  if (wish.amount !== undefined) line.subtotal = wish.amount as number;
  line.metadata = mergedMetadata(line.metadata, wish.metadata);
  if (wish.tax_rates !== undefined) line._taxRates = (wish.tax_rates || []) as string[];
  world.save(line);
}

/** `delete` removes the invoice item too, `unassign` lets it wait for another invoice. */
function removeLine(world: World, line: StripeObject, behaviour: string): void {
  const item = line._invoiceItem ? world.find('invoiceitem', line._invoiceItem as string) : undefined;
  world.remove(line);
  if (!item) return;
  if (behaviour === 'delete') return world.remove(item);
  item.invoice = null;
  world.save(item);
}

/** The lines of an invoice; they change only while it is a draft. */
export const invoiceLines: Record<string, Handler> = {
  'Invoices.listLineItems': (world, call) =>
    cut(world, call, linesOf(world, world.need('invoice', call.ids.invoice!, 'invoice'))),
  'Invoices.addLines': (world, { ids, params }) => {
    const invoice = draftOf(world, ids.invoice!);
    return edit(world, invoice, params, (line) => add(world, invoice, line));
  },
  'Invoices.updateLines': (world, { ids, params }) => {
    const invoice = draftOf(world, ids.invoice!);
    return edit(world, invoice, params, (line) =>
      changeLine(world, lineOf(world, invoice, line.id as string), line),
    );
  },
  'Invoices.removeLines': (world, { ids, params }) => {
    const invoice = draftOf(world, ids.invoice!);
    const remove = (line: StripeObject): void =>
      removeLine(world, lineOf(world, invoice, line.id as string), line.behavior as string);
    return edit(world, invoice, params, remove);
  },
  'Invoices.updateLineItem': (world, { ids, params }) => {
    const invoice = draftOf(world, ids.invoice!);
    const line = lineOf(world, invoice, ids.line_item_id!);
    edit(world, invoice, { lines: [params] }, () => changeLine(world, line, params));
    return view(world, line);
  },
};
