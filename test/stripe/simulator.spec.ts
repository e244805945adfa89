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

describe('a simulated month with Stripe', () => {
  let world: Simulated;
  beforeEach(async () => void (world = await simulated()));
  afterEach(() => world.simulator.stop());

  it('goes from customer over hold, subscription, invoice and payment to a dispute', async () => {
    const { stripe, simulator } = world;
    const customer = await stripe.customers.create({
      email: 'ada@example.com',
      metadata: { account: 'team:1' },
    });
    const hold = await stripe.paymentIntents.create({
      amount: 100,
      currency: 'usd',
      customer: customer.id,
      payment_method_types: ['card'],
      capture_method: 'manual',
      setup_future_usage: 'off_session',
    });
    expect(hold.status).toBe('requires_payment_method');
    simulator.control.confirmInBrowser(hold.id, 'pm_card_visa', {
      address: { country: 'DE', postal_code: '10115' },
    });
    const held = await stripe.paymentIntents.retrieve(hold.id);
    expect([held.status, held.amount_capturable]).toEqual(['requires_capture', 100]);
    const cancelled = await stripe.paymentIntents.cancel(hold.id);
    expect([cancelled.status, cancelled.amount_capturable]).toEqual(['canceled', 0]);

    const method = held.payment_method as string;
    await stripe.paymentMethods.attach(method, { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method } });
    const price = await monthlyPrice(stripe, 1000);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id, quantity: 3 }],
      expand: ['latest_invoice.payments'],
    });
    expect(subscription.status).toBe('active');
    expect(subscription.items.data[0]!.current_period_end).toBe(NOVEMBER + 30 * DAY);
    const invoice = subscription.latest_invoice as unknown as {
      id: string;
      status: string;
      total: number;
      payments: { data: { payment: { payment_intent: string } }[] };
    };
    expect([invoice.status, invoice.total]).toEqual(['paid', 3000]);

    const intent = await stripe.paymentIntents.retrieve(invoice.payments.data[0]!.payment.payment_intent);
    const dispute = simulator.control.dispute(intent.latest_charge as string);
    const seen = await stripe.disputes.retrieve(dispute.id as string, {
      expand: ['payment_intent.customer'],
    });
    expect(seen.amount).toBe(3000);
    expect((seen.payment_intent as unknown as { customer: { metadata: object } }).customer.metadata).toEqual({
      account: 'team:1',
    });
    const [link] = (
      await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: intent.id } })
    ).data;
    expect(link!.invoice).toBe(invoice.id);
    simulator.control.decideDispute(dispute.id as string, 'won');
    const types = (await stripe.events.list({ type: 'charge.dispute.*', limit: 10 })).data.map(
      (event) => event.type,
    );
    expect(types).toEqual([
      'charge.dispute.closed',
      'charge.dispute.funds_reinstated',
      'charge.dispute.updated',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.created',
    ]);
  });

  it('drafts the next invoice at the end of the period, finalizes it after an hour and takes the money', async () => {
    const { stripe, simulator } = world;
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
    });
    await simulator.control.advance(30 * DAY);
    const draft = (await stripe.invoices.list({ subscription: subscription.id })).data[0]!;
    expect([draft.status, draft.billing_reason]).toEqual(['draft', 'subscription_cycle']);
    await stripe.invoiceItems.create({
      customer: customer.id,
      invoice: draft.id,
      amount: 250,
      currency: 'usd',
      description: 'Usage',
    });
    await simulator.control.advance(HOUR);
    const paid = await stripe.invoices.retrieve(draft.id);
    expect([paid.status, paid.total, paid.amount_paid]).toEqual(['paid', 1250, 1250]);
  });

  it('moves a test clock over a period and leaves the others where they are', async () => {
    const { stripe } = world;
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: NOVEMBER });
    const price = await monthlyPrice(stripe);
    const clocked = await payingCustomer(stripe, { test_clock: clock.id });
    const other = await payingCustomer(stripe);
    for (const { id } of [clocked, other])
      await stripe.subscriptions.create({ customer: id, items: [{ price: price.id }] });
    const advancing = await stripe.testHelpers.testClocks.advance(clock.id, {
      frozen_time: NOVEMBER + 31 * DAY,
    });
    expect(advancing.status).toBe('advancing');
    expect((await stripe.testHelpers.testClocks.retrieve(clock.id)).status).toBe('ready');
    const count = async (id: string) =>
      (await stripe.invoices.list({ customer: id })).data.map((one) => one.status);
    expect(await count(clocked.id)).toEqual(['paid', 'paid']);
    expect(await count(other.id)).toEqual(['paid']);
    const far = { frozen_time: NOVEMBER + 400 * DAY };
    expect((await refusal(stripe.testHelpers.testClocks.advance(clock.id, far))).param).toBe('frozen_time');
  });

  it('duns a card that refuses, and ends the subscription after the last attempt', async () => {
    const { stripe, simulator } = world;
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe);
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    simulator.control.changeCard(
      customer.invoice_settings.default_payment_method as string,
      'pm_card_chargeCustomerFail',
    );
    await simulator.control.advance(30 * DAY + HOUR);
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('past_due');
    await simulator.control.advance(15 * DAY);
    const ended = await stripe.subscriptions.retrieve(id);
    expect([ended.status, ended.cancellation_details!.reason]).toEqual(['canceled', 'payment_failed']);
    const failed = await stripe.events.list({ type: 'invoice.payment_failed' });
    expect(failed.data).toHaveLength(4);
  });

  it('finds customers by search only after the index has caught up', async () => {
    const { stripe, simulator } = world;
    await stripe.customers.create({ metadata: { attributionId: 'team:1' } });
    const query = "metadata['attributionId']:'team:1' OR metadata['attributionId']:'team:2'";
    expect((await stripe.customers.search({ query })).data).toHaveLength(0);
    await simulator.control.advance(60);
    expect((await stripe.customers.search({ query })).data).toHaveLength(1);
  });

  it('counts the requests and names the operations that never were asked for', async () => {
    const { stripe, simulator } = world;
    await stripe.customers.create({ email: 'ada@example.com' });
    const [entry] = simulator.control.contract.of('Customers.create');
    expect(entry).toMatchObject({ params: { email: 'ada@example.com' }, status: 200, path: '/v1/customers' });
    const report = simulator.control.contract.report();
    expect(report.exercised).toEqual({ 'Customers.create': 1 });
    expect(report.neverExercised).toContain('Invoices.finalizeInvoice');
    expect(report.neverExercised).not.toContain('Customers.create');
  });
});
