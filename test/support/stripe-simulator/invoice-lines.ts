import type { StripeObject } from './stripe-object';
import { taxesOf } from './tax';
import { linesOf } from './view';
import type { World } from './world';

/** What is to stand on a line. */
export interface LineSpec {
  readonly amount: number;
  readonly description: string | null;
  readonly quantity: number;
  readonly period: { start: number; end: number };
  readonly price?: StripeObject | null;
  readonly unitAmountDecimal?: string | null;
  readonly metadata?: StripeObject;
  readonly taxRates?: string[];
  readonly subscription?: string | null;
  readonly subscriptionItem?: string | null;
  readonly invoiceItem?: string | null;
  readonly proration?: boolean;
}

/** A line of an invoice, not yet remembered. */
export function newLine(world: World, invoice: StripeObject, spec: LineSpec): StripeObject {
  return {
    id: world.id('il'),
    object: 'line_item',
    amount: spec.amount,
    currency: invoice.currency as string,
    description: spec.description,
    discount_amounts: [],
    discountable: !spec.proration,
    discounts: [],
    invoice: invoice.id as string,
    livemode: false,
    metadata: { ...spec.metadata },
    parent: parentOf(spec),
    period: spec.period,
    pretax_credit_amounts: [],
    pricing: pricingOf(spec),
    quantity: spec.quantity,
    subscription: spec.subscription ?? null,
    subtotal: spec.amount,
    taxes: [],
    _taxRates: spec.taxRates ?? [],
    _price: spec.price?.id ?? null,
    _invoiceItem: spec.invoiceItem ?? null,
    _subscriptionItem: spec.subscriptionItem ?? null,
  };
}

function parentOf(spec: LineSpec): StripeObject {
  const more = {
    proration: spec.proration ?? false,
    proration_details: { credited_items: null },
    subscription: spec.subscription ?? null,
  };
  if (spec.subscriptionItem && !spec.invoiceItem) {
    const details = { invoice_item: null, subscription_item: spec.subscriptionItem, ...more };
    return {
      invoice_item_details: null,
      subscription_item_details: details,
      type: 'subscription_item_details',
    };
  }
  const details = { invoice_item: spec.invoiceItem ?? null, ...more };
  return { invoice_item_details: details, subscription_item_details: null, type: 'invoice_item_details' };
}

/** What a line or an invoice item says of its price. */
export function pricingOf(
  spec: Pick<LineSpec, 'price' | 'unitAmountDecimal' | 'amount' | 'quantity'>,
): StripeObject {
  const unit = spec.unitAmountDecimal ?? spec.price?.unit_amount_decimal ?? null;
  const fallback = spec.quantity === 1 ? String(spec.amount) : null;
  if (!spec.price) return { type: 'price_details', unit_amount_decimal: (unit as string | null) ?? fallback };
  return {
    price_details: { price: spec.price.id as string, product: spec.price.product as string },
    type: 'price_details',
    unit_amount_decimal: unit as string | null,
  };
}

/** Adds lines and sums the invoice up. */
export function addLines(world: World, invoice: StripeObject, specs: readonly LineSpec[]): void {
  for (const spec of specs) world.save(newLine(world, invoice, spec));
  sumUp(world, invoice, linesOf(world, invoice));
}

/** Recomputes taxes and totals of a draft from its lines. */
export function sumUp(world: World, invoice: StripeObject, lines: StripeObject[]): void {
  const byRate = new Map<string, StripeObject>();
  let [subtotal, exclusive, taxed] = [0, 0, 0];
  for (const line of lines) {
    const taxes = taxesOf(world, invoice, line);
    line.taxes = taxes;
    subtotal += line.amount as number;
    for (const tax of taxes) {
      taxed += tax.amount;
      if (tax.tax_behavior === 'exclusive') exclusive += tax.amount;
      const rate = tax.tax_rate_details!.tax_rate;
      const sum = byRate.get(rate);
      if (!sum) byRate.set(rate, { ...tax });
      else
        Object.assign(sum, {
          amount: sum.amount + tax.amount,
          taxable_amount: sum.taxable_amount + tax.taxable_amount,
        });
    }
  }
  const total = subtotal + exclusive;
  Object.assign(invoice, {
    subtotal,
    subtotal_excluding_tax: subtotal - (taxed - exclusive),
    total,
    total_excluding_tax: total - taxed,
    total_taxes: [...byRate.values()],
    amount_due: Math.max(0, total),
    amount_remaining: Math.max(0, total),
  });
  if (invoice.automatic_tax.enabled) invoice.automatic_tax.status = taxState(world, invoice);
}

/** Whether automatic tax could place the customer. */
export function taxState(world: World, invoice: StripeObject): string {
  const status = world.find('customer', invoice.customer as string)?.tax.automatic_tax as string;
  if (status === 'failed') return 'failed';
  return status === 'unrecognized_location' ? 'requires_location_inputs' : 'complete';
}
