import type Stripe from 'stripe';
import { DAY, NOVEMBER, payingCustomer, refusal, simulated, type Simulated } from './simulator-world';

describe('simulated payments', () => {
  let world: Simulated;
  let stripe: Stripe;
  beforeEach(async () => {
    world = await simulated();
    stripe = world.stripe;
  });
  afterEach(() => world.simulator.stop());

  const hold = (customer: string, more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    stripe.paymentIntents.create({
      amount: 1000,
      currency: 'usd',
      customer,
      capture_method: 'manual',
      ...more,
    });

  it('waits for a method, then for a confirmation, then for the capture', async () => {
    const { id } = await payingCustomer(stripe);
    const intent = await hold(id);
    expect(intent.status).toBe('requires_payment_method');
    const named = await stripe.paymentIntents.update(intent.id, { payment_method: 'pm_card_visa' });
    expect(named.status).toBe('requires_confirmation');
    expect((await refusal(stripe.paymentIntents.capture(intent.id))).code).toBe(
      'payment_intent_unexpected_state',
    );
    expect((await stripe.paymentIntents.confirm(intent.id)).status).toBe('requires_capture');
    const taken = await stripe.paymentIntents.capture(intent.id, { amount_to_capture: 400 });
    expect([taken.status, taken.amount_received, taken.amount_capturable]).toEqual(['succeeded', 400, 0]);
    expect((await refusal(stripe.paymentIntents.cancel(intent.id))).code).toBe(
      'payment_intent_unexpected_state',
    );
  });

  it('tells a refusal by an error and on the intent, which waits for another card', async () => {
    const { id } = await payingCustomer(stripe);
    const error = await refusal(
      hold(id, { payment_method: 'pm_card_chargeDeclinedInsufficientFunds', confirm: true }),
    );
    expect([error.statusCode, error.code, error.decline_code]).toEqual([
      402,
      'card_declined',
      'insufficient_funds',
    ]);
    const [intent] = (await stripe.paymentIntents.list({ customer: id })).data;
    expect(intent!.status).toBe('requires_payment_method');
    expect(intent!.last_payment_error!.decline_code).toBe('insufficient_funds');
    const shown = world.simulator.control.confirmInBrowser(intent!.id, 'pm_card_chargeCustomerFail');
    expect(shown.status).toBe('requires_payment_method');
    expect(world.simulator.control.confirmInBrowser(intent!.id).status).toBe('requires_capture');
  });

  it('keeps the card for later when that was asked for, and forgets it when it is detached', async () => {
    const { id } = await stripe.customers.create({});
    const intent = await hold(id, { setup_future_usage: 'off_session' });
    world.simulator.control.confirmInBrowser(intent.id, 'pm_card_mastercard');
    const [card] = (await stripe.customers.listPaymentMethods(id)).data;
    expect(card!.card!.brand).toBe('mastercard');
    await stripe.customers.update(id, { invoice_settings: { default_payment_method: card!.id } });
    await stripe.paymentMethods.detach(card!.id);
    expect(await stripe.customers.retrieve(id)).toMatchObject({
      invoice_settings: { default_payment_method: null },
    });
    expect((await refusal(stripe.paymentMethods.attach(card!.id, { customer: id }))).statusCode).toBe(400);
    const foreign = stripe.customers.update(id, { invoice_settings: { default_payment_method: card!.id } });
    expect((await refusal(foreign)).param).toBe('invoice_settings[default_payment_method]');
  });

  it('pays back no more than was taken', async () => {
    const { id } = await payingCustomer(stripe);
    const params = { capture_method: 'automatic' as const, payment_method: 'pm_card_visa', confirm: true };
    const intent = await hold(id, params);
    await stripe.refunds.create({ payment_intent: intent.id, amount: 400 });
    expect((await refusal(stripe.refunds.create({ payment_intent: intent.id, amount: 601 }))).param).toBe(
      'amount',
    );
    await stripe.refunds.create({ payment_intent: intent.id });
    const charge = await stripe.charges.retrieve(intent.latest_charge as string, { expand: ['refunds'] });
    expect([charge.refunded, charge.amount_refunded]).toEqual([true, 1000]);
    expect(charge.refunds!.data.map((refund) => refund.amount)).toEqual([400, 600]);
  });

  it('opens a dispute for the card that is made for it; evidence is reviewed, giving up loses', async () => {
    const { id } = await payingCustomer(stripe);
    const params = {
      capture_method: 'automatic' as const,
      payment_method: 'pm_card_createDispute',
      confirm: true,
    };
    await hold(id, params);
    const [dispute] = (await stripe.disputes.list()).data;
    expect([dispute!.status, dispute!.balance_transactions[0]!.amount]).toEqual(['needs_response', -1000]);
    const told = await stripe.disputes.update(dispute!.id, { evidence: { product_description: 'a team' } });
    expect(told.status).toBe('under_review');
    expect((await stripe.disputes.close(dispute!.id)).status).toBe('lost');
    expect((await refusal(stripe.disputes.close(dispute!.id))).statusCode).toBe(400);
  });

  it('ends the subscriptions of a customer that is deleted', async () => {
    const { id } = await payingCustomer(stripe);
    const product = await stripe.products.create({ name: 'Team' });
    const price_data = {
      product: product.id,
      currency: 'usd',
      unit_amount: 5,
      recurring: { interval: 'day' as const },
    };
    const { id: subscription } = await stripe.subscriptions.create({ customer: id, items: [{ price_data }] });
    await stripe.customers.del(id);
    expect(await stripe.customers.retrieve(id)).toMatchObject({ deleted: true });
    expect((await refusal(stripe.customers.update(id, { name: 'x' }))).code).toBe('resource_missing');
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe('canceled');
  });

  it('lists events for thirty days', async () => {
    const { id } = await payingCustomer(stripe);
    const [event] = (await stripe.events.list({ type: 'customer.created' })).data;
    await world.simulator.control.setNow(NOVEMBER + 30 * DAY);
    expect((await stripe.events.retrieve(event!.id)).data.object).toMatchObject({ id });
    await world.simulator.control.advance(1);
    expect((await refusal(stripe.events.retrieve(event!.id))).code).toBe('resource_missing');
    const since = await stripe.events.list({ created: { gte: NOVEMBER } });
    expect(since.data).toEqual([]);
  });

  it('bills graduated tiers in a line each', async () => {
    const { id } = await payingCustomer(stripe);
    const product = await stripe.products.create({ name: 'Seats' });
    const price = await stripe.prices.create({
      product: product.id,
      currency: 'usd',
      billing_scheme: 'tiered',
      tiers_mode: 'graduated',
      tiers: [
        { up_to: 10, unit_amount: 100 },
        { up_to: 'inf', unit_amount: 50, flat_amount: 7 },
      ],
      recurring: { interval: 'month' },
      expand: ['tiers'],
    });
    expect(price.tiers!.map((tier) => tier.up_to)).toEqual([10, null]);
    const expand = ['latest_invoice'];
    const made = await stripe.subscriptions.create({
      customer: id,
      items: [{ price: price.id, quantity: 12 }],
      expand,
    });
    const lines = (made.latest_invoice as Stripe.Invoice).lines.data;
    // Ten at a dollar, then two at fifty cents and seven cents for having reached the tier.
    expect(lines.map((line) => [line.quantity, line.amount])).toEqual([
      [10, 1000],
      [2, 107],
    ]);
  });
});
