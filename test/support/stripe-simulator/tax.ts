import type { StripeObject } from './stripe-object';
import { StripeRefusal } from './stripe-refusal';
import type { World } from './world';

/** Countries in which Stripe cannot place an address without a postal code. */
const NEEDS_POSTAL_CODE = new Set(['US', 'CA']);

/** What automatic tax makes of a customer's address. Control may pin a status, `failed` for one. */
export function taxStatus(world: World, customer: StripeObject, ip: string | null): StripeObject {
  const country = (customer.address?.country ?? customer.shipping?.address?.country ?? null) as string | null;
  const postal = (customer.address?.postal_code ?? null) as string | null;
  const placed = country !== null && (!NEEDS_POSTAL_CODE.has(country) || postal !== null);
  const location = placed
    ? { country, source: customer.address?.country ? 'billing_address' : 'shipping_destination', state: null }
    : null;
  const known = country !== null && country in world.settings.taxRegistrations;
  const computed = !placed ? 'unrecognized_location' : known ? 'supported' : 'not_collecting';
  return {
    automatic_tax: customer._taxPinned ?? computed,
    ip_address: ip,
    location,
    provider: 'stripe',
  };
}

/** @throws StripeRefusal 400 customer_tax_location_invalid */
export function requireLocation(customer: StripeObject): void {
  if (customer.tax.automatic_tax !== 'unrecognized_location' && customer.tax.automatic_tax !== 'failed')
    return;
  throw new StripeRefusal(400, {
    type: 'invalid_request_error',
    code: 'customer_tax_location_invalid',
    message: "The customer's location is not recognised; an address with country and postal code is needed.",
    param: 'tax[validate_location]',
  });
}

/** One line's tax under one rate; rounded half away from zero to a minor unit, line by line. */
export interface LineTax {
  readonly amount: number;
  readonly tax_behavior: 'exclusive' | 'inclusive';
  readonly tax_rate_details: { tax_rate: string } | null;
  readonly taxability_reason: string;
  readonly taxable_amount: number;
  readonly type: 'tax_rate_details';
}

/** Taxes of one line: the rates named for it, else those of the invoice, else what automatic tax finds. */
export function taxesOf(world: World, invoice: StripeObject, line: StripeObject): LineTax[] {
  const rates = ((line._taxRates as string[]).length ? line._taxRates : invoice._defaultTaxRates) as string[];
  if (rates.length > 0) return rates.map((id) => rateTax(world.named('tax_rate', id, 'tax_rates'), line));
  if (!invoice.automatic_tax.enabled) return [];
  const country = world.find('customer', invoice.customer as string)?.tax.location?.country as
    string | undefined;
  const percentage = country === undefined ? undefined : world.settings.taxRegistrations[country];
  if (percentage === undefined) return [];
  return [rateTax(automaticRate(world, country!, percentage), line)];
}

function rateTax(rate: StripeObject, line: StripeObject): LineTax {
  const amount = line.amount as number;
  const inclusive = rate.inclusive as boolean;
  const percentage = rate.percentage as number;
  const tax = inclusive ? share(amount, percentage, 100 + percentage) : share(amount, percentage, 100);
  return {
    amount: tax,
    tax_behavior: inclusive ? 'inclusive' : 'exclusive',
    tax_rate_details: { tax_rate: rate.id as string },
    taxability_reason: 'standard_rated',
    taxable_amount: inclusive ? amount - tax : amount,
    type: 'tax_rate_details',
  };
}

/** amount × part / whole in whole numbers; percentages have at most four places. */
function share(amount: number, part: number, whole: number): number {
  const scaled = (value: number): bigint => BigInt(Math.round(value * 10_000));
  const divisor = scaled(whole);
  const dividend = BigInt(Math.abs(amount)) * scaled(part);
  const rounded = Number((dividend * 2n + divisor) / (divisor * 2n));
  return amount < 0 ? -rounded : rounded;
}

function automaticRate(world: World, country: string, percentage: number): StripeObject {
  const id = `txr_sim_auto_${country}_${String(percentage).replace('.', '_')}`;
  return (
    world.find('tax_rate', id) ?? world.save(newTaxRate(world, id, { country, percentage, inclusive: false }))
  );
}

/** A tax rate with Stripe's defaults. */
export function newTaxRate(world: World, id: string, fields: StripeObject): StripeObject {
  return {
    id,
    object: 'tax_rate',
    active: true,
    country: null,
    created: world.now(),
    description: null,
    display_name: 'Tax',
    effective_percentage: null,
    flat_amount: null,
    inclusive: false,
    jurisdiction: null,
    jurisdiction_level: null,
    livemode: false,
    metadata: {},
    rate_type: 'percentage',
    state: null,
    tax_type: null,
    ...fields,
  };
}
