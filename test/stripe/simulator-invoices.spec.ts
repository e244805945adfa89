import type Stripe from 'stripe';
import {
  DAY,
  HOUR,
  NOVEMBER,
  monthlyPrice,
  payingCustomer,
  refusal,
  simulated,
  type Simulated,
} from './simulator-world';

describe('simulated invoices', () => {
  let world: Simulated;
  let stripe: Stripe;
  beforeEach(async () => {
    world = await simulated();
    stripe = world.stripe;
  });
  afterEach(() => world.simulator.stop());

  const draft = async (customer: string, amounts: number[], more: Stripe.InvoiceCreateParams = {}) => {
    const invoice = await stripe.invoices.create({ customer, currency: 'usd', ...more });
    for (const amount of amounts) {
      await stripe.invoiceItems.create({
        customer,
        invoice: invoice.id,
        amount,
        currency: 'usd',
        description: `${amount}`,
      });
    }
    return stripe.invoices.retrieve(invoice.id);
  };

  it('goes from draft over open to paid, and nothing changes after that', async () => {
    const { id } = await payingCustomer(stripe);
    const invoice = await draft(id, [700, 300]);
    expect([invoice.status, invoice.total]).toEqual(['draft', 1000]);
    const open = await stripe.invoices.finalizeInvoice(invoice.id);
    expect([open.status, open.number, open.amount_due]).toEqual([
      'open',
      expect.stringMatching(/-0001$/),
      1000,
    ]);
    const late = stripe.invoiceItems.create({
      customer: id,
      invoice: invoice.id,
      amount: 1,
      currency: 'usd',
    });
    expect((await refusal(late)).code).toBe('invoice_not_editable');
    expect((await refusal(stripe.invoices.finalizeInvoice(invoice.id))).code).toBe('invoice_not_editable');
    const paid = await stripe.invoices.pay(invoice.id);
    expect([paid.status, paid.amount_paid, paid.amount_remaining]).toEqual(['paid', 1000, 0]);
    expect((await refusal(stripe.invoices.voidInvoice(invoice.id))).statusCode).toBe(400);
  });

  it('can be voided or given up while it is open; what was given up can still be paid', async () => {
    const { id } = await payingCustomer(stripe);
    const [first, second] = [await draft(id, [500]), await draft(id, [500])];
    for (const one of [first, second]) await stripe.invoices.finalizeInvoice(one.id);
    expect((await stripe.invoices.voidInvoice(first.id)).status).toBe('void');
    expect((await stripe.invoices.markUncollectible(second.id)).status).toBe('uncollectible');
    expect((await stripe.invoices.pay(second.id)).status).toBe('paid');
    expect((await refusal(stripe.invoices.pay(first.id))).statusCode).toBe(400);
  });

  it('takes lines in one call, and shows ten of them on the invoice itself', async () => {
    const { id } = await payingCustomer(stripe);
    const invoice = await draft(id, []);
    const lines = Array.from({ length: 12 }, (_none, at) => ({
      amount: at + 1,
      description: `${at}`,
      metadata: { entry: `${at}` },
    }));
    const filled = await stripe.invoices.addLines(invoice.id, { lines });
    expect([filled.total, filled.lines.data.length, filled.lines.has_more]).toEqual([78, 10, true]);
    const all = await stripe.invoices.listLineItems(invoice.id, { limit: 100 });
    expect(all.data.map((line) => line.metadata.entry)).toEqual(lines.map((line) => line.metadata.entry));
    const gone = { lines: [{ id: all.data[0]!.id, behavior: 'delete' as const }] };
    expect((await stripe.invoices.removeLines(invoice.id, gone)).total).toBe(77);
  });

  it('adds the tax of a rate, and of the country when tax is automatic', async () => {
    const rate = await stripe.taxRates.create({ display_name: 'VAT', percentage: 19, inclusive: false });
    const { id } = await payingCustomer(stripe, { address: { country: 'DE' } });
    const named = await draft(id, [1000, 50], { default_tax_rates: [rate.id] });
    // 19% of 1000 is 190; of 50 it is 9.5, which is 10.
    expect([named.subtotal, named.total, named.total_taxes![0]!.amount]).toEqual([1050, 1250, 200]);
    const automatic = await draft(id, [1000], { automatic_tax: { enabled: true } });
    expect([automatic.total, automatic.automatic_tax.status]).toEqual([1190, 'complete']);
  });

  it('does not finalize when automatic tax cannot place the customer', async () => {
    const { id } = await payingCustomer(stripe);
    const invoice = await draft(id, [1000], { automatic_tax: { enabled: true } });
    expect((await refusal(stripe.invoices.finalizeInvoice(invoice.id))).code).toBe(
      'customer_tax_location_invalid',
    );
    const failed = await stripe.invoices.retrieve(invoice.id);
    expect([failed.status, failed.automatic_tax.status]).toEqual(['draft', 'requires_location_inputs']);
    expect((await stripe.events.list({ type: 'invoice.finalization_failed' })).data).toHaveLength(1);
    const nowhere = stripe.customers.update(id, {
      address: { country: 'US' },
      tax: { validate_location: 'immediately' },
    });
    expect((await refusal(nowhere)).code).toBe('customer_tax_location_invalid');
    await stripe.customers.update(id, { address: { country: 'DE' } });
    expect((await stripe.invoices.finalizeInvoice(invoice.id)).total).toBe(1190);
  });

  it('lets credit of the customer pay first', async () => {
    const { id } = await payingCustomer(stripe);
    await stripe.customers.createBalanceTransaction(id, { amount: -300, currency: 'usd' });
    const invoice = await draft(id, [1000]);
    const open = await stripe.invoices.finalizeInvoice(invoice.id);
    expect([open.amount_due, open.starting_balance, open.ending_balance]).toEqual([700, -300, 0]);
    expect(await stripe.customers.retrieve(id)).toMatchObject({ balance: 0 });
  });

  it('keeps a subscription incomplete while its first invoice is not paid, and lets it expire', async () => {
    const { id } = await payingCustomer(stripe, {}, 'pm_card_chargeCustomerFail');
    const price = await monthlyPrice(stripe);
    const made = await stripe.subscriptions.create({ customer: id, items: [{ price: price.id }] });
    expect(made.status).toBe('incomplete');
    const strict = {
      customer: id,
      items: [{ price: price.id }],
      payment_behavior: 'error_if_incomplete' as const,
    };
    const error = await refusal(stripe.subscriptions.create(strict));
    expect([error.statusCode, error.code]).toEqual([402, 'card_declined']);
    expect((await stripe.subscriptions.list({ customer: id })).data).toHaveLength(1);
    await world.simulator.control.advance(23 * HOUR);
    expect((await stripe.subscriptions.retrieve(made.id)).status).toBe('incomplete_expired');
    expect((await stripe.invoices.retrieve(made.latest_invoice as string)).status).toBe('void');
  });

  it('waits for the holder of a card that asks for one', async () => {
    const { id } = await payingCustomer(stripe, {}, 'pm_card_authenticationRequired');
    const price = await monthlyPrice(stripe);
    const expand = ['latest_invoice.payments.data.payment.payment_intent'];
    const made = await stripe.subscriptions.create({ customer: id, items: [{ price: price.id }] });
    expect(made.status).toBe('incomplete');
    const [payment] = (await stripe.invoicePayments.list({ invoice: made.latest_invoice as string })).data;
    world.simulator.control.authenticateInBrowser(payment!.payment.payment_intent as string);
    expect((await stripe.subscriptions.retrieve(made.id)).status).toBe('active');
    expect((await refusal(stripe.subscriptions.retrieve(made.id, { expand }))).param).toBe('expand');
  });

  it('prorates a change of quantity by the second, and previews the next invoice', async () => {
    const { id } = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe, 3000);
    const made = await stripe.subscriptions.create({ customer: id, items: [{ price: price.id }] });
    await world.simulator.control.setNow(NOVEMBER + 15 * DAY);
    const items = [{ id: made.items.data[0]!.id, quantity: 2 }];
    await stripe.subscriptions.update(made.id, { items });
    const preview = await stripe.invoices.createPreview({ subscription: made.id });
    // Half of November twice (6000 / 2), less once (3000 / 2), and December twice.
    expect(preview.total).toBe(3000 - 1500 + 6000);
    expect((await stripe.invoiceItems.list({ pending: true })).data.map((one) => one.amount)).toEqual([
      3000, -1500,
    ]);
  });

  it('ends at the end of the period when it is told to, and cannot be cancelled twice', async () => {
    const { id } = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe);
    const made = await stripe.subscriptions.create({ customer: id, items: [{ price: price.id }] });
    await stripe.subscriptions.update(made.id, { cancel_at_period_end: true });
    await world.simulator.control.advance(30 * DAY);
    expect((await stripe.subscriptions.retrieve(made.id)).status).toBe('canceled');
    expect((await refusal(stripe.subscriptions.cancel(made.id))).code).toBe('resource_missing');
    expect((await stripe.events.list({ type: 'customer.subscription.deleted' })).data).toHaveLength(1);
  });
});
