import Stripe from 'stripe';
import { Receiver } from '../support/receiver';
import { HOUR, payingCustomer, monthlyPrice, simulated, type Simulated } from './simulator-world';

describe('webhooks of the simulated Stripe', () => {
  let world: Simulated;
  let receiver: Receiver;
  let endpoint: Stripe.WebhookEndpoint;
  beforeEach(async () => {
    world = await simulated();
    receiver = await Receiver.start();
    endpoint = await world.stripe.webhookEndpoints.create({ url: receiver.url(), enabled_events: ['*'] });
  });
  afterEach(async () => {
    await world.simulator.stop();
    await receiver.stop();
  });

  const verified = (at: number, secret = endpoint.secret!) => {
    const { body, headers } = receiver.received[at]!;
    return world.stripe.webhooks.constructEvent(body, headers['stripe-signature']!, secret);
  };
  const names = async (count: number) => {
    for (let at = 0; at < count; at++) await world.stripe.customers.create({ name: `${at}` });
    await world.simulator.control.webhooks.settled();
  };
  const received = () =>
    receiver.received.map(
      ({ body }) => (JSON.parse(body) as { data: { object: { name: string } } }).data.object.name,
    );

  it('signs what the SDK verifies, and only under the right secret', async () => {
    await names(1);
    const event = verified(0);
    expect([event.type, event.api_version]).toEqual(['customer.created', Stripe.API_VERSION]);
    expect(event.request!.id).toMatch(/^req_sim/);
    expect(() => verified(0, 'whsec_wrong')).toThrow(Stripe.errors.StripeSignatureVerificationError);
  });

  it('tells what an update changed', async () => {
    const customer = await world.stripe.customers.create({ address: { country: 'DE', city: 'Berlin' } });
    await world.stripe.customers.update(customer.id, { address: { country: 'DE', city: 'Köln' } });
    await world.simulator.control.webhooks.settled();
    const update = verified(1);
    expect(update.type).toBe('customer.updated');
    expect(update.data.previous_attributes).toEqual({ address: { city: 'Berlin' } });
  });

  it('sends to an endpoint only what it asked for', async () => {
    const { stripe, simulator } = world;
    await stripe.webhookEndpoints.update(endpoint.id, { enabled_events: ['invoice.paid'] });
    const customer = await payingCustomer(stripe);
    const price = await monthlyPrice(stripe);
    await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    await simulator.control.webhooks.settled();
    expect(receiver.received.map((_one, at) => verified(at).type)).toEqual(['invoice.paid']);
  });

  it('tries again what was refused, by its timetable or when it is told to', async () => {
    const { control } = world.simulator;
    receiver.answers.push(500, 503, 200);
    await names(1);
    expect(control.webhooks.log[0]!.state).toBe('failed');
    await control.advance(60);
    expect(control.webhooks.log[0]!.attempts.map((one) => one.status)).toEqual([500, 503]);
    await control.advance(HOUR);
    expect(control.webhooks.log[0]!.state).toBe('delivered');
    await control.webhooks.resend(control.webhooks.log[0]!.event);
    expect(receiver.received).toHaveLength(4);
  });

  it('delivers twice, not at all, late or in another order when it is told to', async () => {
    const { control } = world.simulator;
    control.webhooks.behave({ duplicate: 1 });
    await names(1);
    expect(received()).toEqual(['0', '0']);
    receiver.received.length = 0;

    control.webhooks.behave({ drop: 1 });
    await names(1);
    expect(received()).toEqual([]);
    expect((await world.stripe.events.list({ type: 'customer.created' })).data).toHaveLength(2);

    control.webhooks.behave({ late: 1, lateBy: HOUR });
    await names(1);
    expect(received()).toEqual([]);
    await control.advance(HOUR);
    expect(received()).toEqual(['0']);
    receiver.received.length = 0;

    control.webhooks.behave({ mode: 'held', reorder: true });
    await names(6);
    expect(received()).toEqual([]);
    await control.webhooks.deliver();
    expect([...received()].sort()).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(received()).not.toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('signs under both secrets while one is rolled, then under the new one only', async () => {
    const { control } = world.simulator;
    control.rollSecret(endpoint.id, 'whsec_new');
    await names(1);
    expect([verified(0).type, verified(0, 'whsec_new').type]).toEqual([
      'customer.created',
      'customer.created',
    ]);
    control.rollSecret(endpoint.id, 'whsec_new', false);
    await names(1);
    expect(verified(1, 'whsec_new').type).toBe('customer.created');
    expect(() => verified(1)).toThrow(Stripe.errors.StripeSignatureVerificationError);
  });

  it('sends thin events to destinations of the second version', async () => {
    const { stripe, simulator } = world;
    const destination = await stripe.v2.core.eventDestinations.create({
      name: 'meters',
      type: 'webhook_endpoint',
      event_payload: 'thin',
      enabled_events: ['v1.billing.meter.no_meter_found'],
      webhook_endpoint: { url: receiver.url('/thin') },
      include: ['webhook_endpoint.signing_secret'],
    });
    await stripe.billing.meterEvents.create({
      event_name: 'nothing',
      payload: { stripe_customer_id: 'c', value: '1' },
    });
    await simulator.control.webhooks.settled();
    const [thin] = receiver.received.filter((one) => one.path === '/thin');
    const secret = destination.webhook_endpoint!.signing_secret!;
    const note = stripe.parseEventNotification(thin!.body, thin!.headers['stripe-signature']!, secret);
    expect(note.type).toBe('v1.billing.meter.no_meter_found');
    expect(JSON.parse(thin!.body)).not.toHaveProperty('data.object');
  });
});
