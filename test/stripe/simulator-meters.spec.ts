import { DAY, HOUR, NOVEMBER, payingCustomer, refusal, simulated, type Simulated } from './simulator-world';

describe('simulated meters', () => {
  let world: Simulated;
  beforeEach(async () => void (world = await simulated({ now: NOVEMBER + 10 * DAY })));
  afterEach(() => world.simulator.stop());

  const newMeter = (formula: 'sum' | 'count' | 'last' = 'sum') =>
    world.stripe.billing.meters.create({
      display_name: 'Calls',
      event_name: 'calls',
      default_aggregation: { formula },
    });
  const tell = (customer: string, value: string, more: { identifier?: string; timestamp?: number } = {}) =>
    world.stripe.billing.meterEvents.create({
      event_name: 'calls',
      payload: { stripe_customer_id: customer, value },
      ...more,
    });
  const counted = async (meter: string, customer: string) => {
    const span = { customer, start_time: NOVEMBER - 30 * DAY, end_time: NOVEMBER + 11 * DAY };
    return (await world.stripe.billing.meters.listEventSummaries(meter, span)).data[0]!.aggregated_value;
  };

  it('sums events, refuses an identifier again for a day and takes it after that', async () => {
    const meter = await newMeter();
    const customer = await payingCustomer(world.stripe);
    await tell(customer.id, '5', { identifier: 'a' });
    const again = await refusal(tell(customer.id, '5', { identifier: 'a' }));
    expect([again.statusCode, again.message]).toEqual([400, 'An event already exists with identifier a.']);
    await world.simulator.control.advance(DAY - 1);
    expect((await refusal(tell(customer.id, '5', { identifier: 'a' }))).statusCode).toBe(400);
    await world.simulator.control.advance(1);
    await tell(customer.id, '7', { identifier: 'a', timestamp: NOVEMBER + 10 * DAY });
    expect(await counted(meter.id, customer.id)).toBe(12);
  });

  it('takes events from 35 days back to 5 minutes ahead, whole values only', async () => {
    await newMeter();
    const { id } = await payingCustomer(world.stripe);
    const now = NOVEMBER + 10 * DAY;
    await tell(id, '1', { timestamp: now - 35 * DAY });
    await tell(id, '1', { timestamp: now + 300 });
    const tooOld = await refusal(tell(id, '1', { timestamp: now - 35 * DAY - 1 }));
    const tooNew = await refusal(tell(id, '1', { timestamp: now + 301 }));
    expect([tooOld.param, tooNew.param]).toEqual(['timestamp', 'timestamp']);
    expect((await refusal(tell(id, '1.5'))).param).toBe('payload[value]');
    expect((await refusal(tell(id, '1', { identifier: 'x'.repeat(101) }))).param).toBe('identifier');
  });

  it('cancels an event within a day of its arrival, and not after', async () => {
    const meter = await newMeter();
    const { id } = await payingCustomer(world.stripe);
    await tell(id, '5', { identifier: 'a' });
    await tell(id, '3', { identifier: 'b' });
    const cancel = (identifier: string) =>
      world.stripe.billing.meterEventAdjustments.create({
        event_name: 'calls',
        type: 'cancel',
        cancel: { identifier },
      });
    await cancel('a');
    expect(await counted(meter.id, id)).toBe(3);
    await world.simulator.control.advance(DAY + 1);
    expect((await refusal(cancel('b'))).param).toBe('cancel[identifier]');
  });

  it.each([
    ['sum', 12],
    ['count', 2],
    ['last', 7],
  ] as const)('aggregates by %s', async (formula, expected) => {
    const meter = await newMeter(formula);
    const { id } = await payingCustomer(world.stripe);
    await tell(id, '7', { timestamp: NOVEMBER + 2 * DAY });
    await tell(id, '5', { timestamp: NOVEMBER + DAY });
    expect(await counted(meter.id, id)).toBe(expected);
  });

  it('accepts an event of an unknown customer and reports it by a thin event', async () => {
    const meter = await newMeter();
    await tell('cus_nobody', '1');
    const [event] = (await world.stripe.v2.core.events.list()).data;
    expect(event!.type).toBe('v1.billing.meter.error_report_triggered');
    expect((event as unknown as { related_object: { id: string } }).related_object.id).toBe(meter.id);
  });

  it('takes events by the second version of the API too', async () => {
    const meter = await newMeter();
    const { id } = await payingCustomer(world.stripe);
    const event = { event_name: 'calls', payload: { stripe_customer_id: id, value: '4' } };
    const told = await world.stripe.v2.billing.meterEvents.create(event);
    expect(told.object).toBe('v2.billing.meter_event');
    expect(await counted(meter.id, id)).toBe(4);
    const wrong = { ...event, quantity: 4 } as typeof event;
    expect((await refusal(world.stripe.v2.billing.meterEvents.create(wrong))).statusCode).toBe(400);
  });

  it("bills what was used, also what came in during the draft's hour, at a price below a cent", async () => {
    const { stripe, simulator } = world;
    const meter = await newMeter();
    const product = await stripe.products.create({ name: 'Calls' });
    const price = await stripe.prices.create({
      product: product.id,
      currency: 'usd',
      unit_amount_decimal: '0.0463',
      recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
    });
    const { id } = await payingCustomer(stripe);
    const subscription = await stripe.subscriptions.create({ customer: id, items: [{ price: price.id }] });
    await tell(id, '10000');
    await simulator.control.advance(30 * DAY);
    await tell(id, '1000', { timestamp: NOVEMBER + 12 * DAY });
    await simulator.control.advance(HOUR);
    const [invoice] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    // 11,000 × 0.0463 cents = 509.3 cents.
    expect([invoice!.status, invoice!.total, invoice!.lines.data[0]!.quantity]).toEqual([
      'paid',
      509,
      11_000,
    ]);
  });

  it('refuses a metered price without a meter', async () => {
    const product = await world.stripe.products.create({ name: 'Calls' });
    const recurring = { interval: 'month', usage_type: 'metered' } as const;
    const call = world.stripe.prices.create({
      product: product.id,
      currency: 'usd',
      unit_amount: 1,
      recurring,
    });
    expect((await refusal(call)).param).toBe('recurring[meter]');
  });
});
