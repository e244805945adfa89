import { readData } from '../support/stripe-simulator/catalogue';
import type { StripeObject } from '../support/stripe-simulator/stripe-object';
import { DAY, NOVEMBER, payingCustomer, simulated, type Simulated } from './simulator-world';

const samples = readData<{ resources: Record<string, StripeObject> }>('fixtures3.json.gz').resources;

/**
 * Fields of the samples that the API of the installed SDK (`2026-02-25.clover`) has not: the samples are of
 * `2026-07-29.dahlia`. Refunds of a charge are shown on demand only.
 */
const NOT_OF_THIS_API: Record<string, readonly string[]> = {
  subscription: ['managed_payments', 'billing_schedules', 'invoice_settings'],
  payment_intent: ['managed_payments'],
  invoice: ['subscription'],
  line_item: ['quantity_decimal'],
  invoiceitem: ['quantity_decimal'],
  refund: ['customer', 'customer_account', 'payment_method'],
  charge: ['refunds'],
};

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  return value === null ? 'null' : typeof value;
}

/** Where an answer differs from the sample: a field that is missing, or of another kind. Null and absent choices are free. */
function differences(ours: StripeObject, sample: StripeObject, path = ''): string[] {
  return Object.entries(sample).flatMap(([field, value]) => {
    const here = `${path}${field}`;
    if (!(field in ours)) return [`${here} is missing`];
    const [own, theirs] = [kindOf(ours[field]), kindOf(value)];
    if (own === 'null' || theirs === 'null') return [];
    if (own !== theirs) return [`${here} is ${own}, not ${theirs}`];
    if (own === 'list') return listDifferences(ours[field], value as unknown[], here);
    return own === 'object' && REQUIRED_INSIDE.has(field)
      ? differences(ours[field], value as StripeObject, `${here}.`)
      : [];
  });
}

/** Inside these every field of the sample is there; inside others the samples show choices that exclude each other. */
const REQUIRED_INSIDE = new Set([
  'status_transitions',
  'lines',
  'items',
  'invoice_settings',
  'evidence',
  'recurring',
  'cancellation_details',
]);

function listDifferences(ours: unknown[], sample: unknown[], path: string): string[] {
  const [own, theirs] = [ours[0], sample[0]];
  if (kindOf(own) !== 'object' || kindOf(theirs) !== 'object') return [];
  const skipped = NOT_OF_THIS_API[(own as StripeObject).object as string] ?? [];
  return differences(own as StripeObject, without(theirs as StripeObject, skipped), `${path}[0].`);
}

function without(sample: StripeObject, fields: readonly string[]): StripeObject {
  return Object.fromEntries(Object.entries(sample).filter(([field]) => !fields.includes(field)));
}

describe('answers of the simulated Stripe', () => {
  let world: Simulated;
  const kinds = [
    ...[
      'customer',
      'product',
      'price',
      'subscription',
      'subscription_item',
      'invoice',
      'line_item',
      'invoiceitem',
    ],
    ...[
      'payment_intent',
      'payment_method',
      'charge',
      'dispute',
      'refund',
      'invoice_payment',
      'tax_rate',
      'tax_id',
    ],
    ...['billing.meter', 'event', 'webhook_endpoint', 'test_helpers.test_clock', 'balance_transaction'],
    ...['customer_balance_transaction'],
  ];

  beforeAll(async () => {
    world = await simulated();
    const { stripe, simulator } = world;
    const customer = await payingCustomer(stripe, { address: { country: 'DE' } });
    await stripe.customers.createTaxId(customer.id, { type: 'eu_vat', value: 'DE123456789' });
    await stripe.customers.createBalanceTransaction(customer.id, { amount: -1, currency: 'usd' });
    await stripe.taxRates.create({ display_name: 'VAT', percentage: 19, inclusive: false });
    const meter = {
      display_name: 'Calls',
      event_name: 'calls',
      default_aggregation: { formula: 'sum' as const },
    };
    await stripe.billing.meters.create(meter);
    await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['account.updated'] });
    await stripe.testHelpers.testClocks.create({ frozen_time: NOVEMBER });
    const product = await stripe.products.create({ name: 'Team' });
    const recurring = { interval: 'month' as const };
    const price = await stripe.prices.create({
      product: product.id,
      currency: 'usd',
      unit_amount: 1000,
      recurring,
    });
    await stripe.invoiceItems.create({ customer: customer.id, amount: 100, currency: 'usd' });
    await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    const [charge] = (await stripe.charges.list()).data;
    await stripe.refunds.create({ charge: charge!.id, amount: 1 });
    simulator.control.dispute(charge!.id);
  });
  afterAll(() => world.simulator.stop());

  it.each(kinds)('have the shape of the published sample of %s', (kind) => {
    const [ours] = world.simulator.control.objects(kind);
    expect(ours).toBeDefined();
    expect(differences(ours!, without(samples[kind]!, NOT_OF_THIS_API[kind] ?? []))).toEqual([]);
  });

  it.each(kinds)('have no field of %s that the sample has not', (kind) => {
    const [ours] = world.simulator.control.objects(kind);
    const surplus = Object.keys(ours!).filter((field) => !(field in samples[kind]!));
    expect(surplus).toEqual([]);
  });

  it.each(kinds)('show nothing of %s that only the simulator knows', (kind) => {
    const text = JSON.stringify(world.simulator.control.objects(kind));
    expect(text).not.toMatch(/"_[a-z]/i);
  });

  it('have the shapes of meter events, cancellations and summaries', async () => {
    const { stripe } = world;
    const [customer] = (await stripe.customers.list()).data;
    const payload = { stripe_customer_id: customer!.id, value: '1' };
    const event = await stripe.billing.meterEvents.create({ event_name: 'calls', identifier: 'a', payload });
    expect(differences(event, samples['billing.meter_event']!)).toEqual([]);
    const [meter] = (await stripe.billing.meters.list()).data;
    const span = { customer: customer!.id, start_time: NOVEMBER - DAY, end_time: NOVEMBER + DAY };
    const [summary] = (await stripe.billing.meters.listEventSummaries(meter!.id, span)).data;
    expect(differences(summary!, samples['billing.meter_event_summary']!)).toEqual([]);
    const cancelled = { event_name: 'calls', type: 'cancel' as const, cancel: { identifier: 'a' } };
    const adjustment = await stripe.billing.meterEventAdjustments.create(cancelled);
    expect(differences(adjustment, samples['billing.meter_event_adjustment']!)).toEqual([]);
  });

  it('would be found out if they were of another shape', () => {
    const { name: _name, ...incomplete } = world.simulator.control.objects('product')[0]!;
    expect(differences(incomplete, samples.product!)).toEqual(['name is missing']);
    expect(differences({ ...incomplete, name: 5 }, samples.product!)).toEqual(['name is number, not string']);
  });
});
