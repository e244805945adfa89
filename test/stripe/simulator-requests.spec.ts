import Stripe from 'stripe';
import { catalogue } from '../support/stripe-simulator/catalogue';
import { DAY, refusal, simulated, type Simulated } from './simulator-world';

describe('requests to the simulated Stripe', () => {
  let world: Simulated;
  beforeEach(async () => void (world = await simulated()));
  afterEach(() => world.simulator.stop());

  it('has the operations and schemas of the SDK that is installed', () => {
    expect(catalogue.apiVersion).toBe(Stripe.API_VERSION);
    expect(catalogue.sdk).toBe(
      `stripe ${(Stripe as unknown as { PACKAGE_VERSION: string }).PACKAGE_VERSION}`,
    );
  });

  it.each([
    ['an unknown parameter', { email: 'a@b.c', colour: 'red' }, 'parameter_unknown', 'colour'],
    ['an unknown nested parameter', { address: { planet: 'Mars' } }, 'parameter_unknown', 'address[planet]'],
    [
      'an unknown parameter in a list',
      { tax_id_data: [{ type: 'eu_vat', value: 'DE1', x: 1 }] },
      'parameter_unknown',
      'tax_id_data[0][x]',
    ],
    ['a number that is none', { balance: 'much' }, 'parameter_invalid_integer', 'balance'],
    ['a value outside the list', { tax_exempt: 'maybe' }, undefined, 'tax_exempt'],
    ['an empty text that unsets nothing', { email: '' }, 'parameter_invalid_empty', 'email'],
  ])('refuses %s', async (_name, params, code, param) => {
    const error = await refusal(world.stripe.customers.create(params as Stripe.CustomerCreateParams));
    expect([error.statusCode, error.code, error.param]).toEqual([400, code, param]);
    expect(error).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(world.simulator.control.objects('customer')).toEqual([]);
  });

  it('refuses what is missing, what is gone, and what the newer API took away', async () => {
    const { stripe } = world;
    const price = await refusal(stripe.prices.create({} as Stripe.PriceCreateParams));
    expect([price.code, price.param]).toEqual(['parameter_missing', 'currency']);
    const gone = await refusal(stripe.customers.retrieve('cus_nobody'));
    expect([gone.statusCode, gone.code, gone.param]).toEqual([404, 'resource_missing', 'id']);
    const named = await refusal(
      stripe.subscriptions.create({ customer: 'cus_nobody', items: [{ price: 'x' }] }),
    );
    expect([named.statusCode, named.code, named.param]).toEqual([400, 'resource_missing', 'customer']);
    const old = { product: 'x', currency: 'usd', recurring: { interval: 'month', aggregate_usage: 'max' } };
    const removed = await refusal(stripe.prices.create(old as unknown as Stripe.PriceCreateParams));
    expect([removed.code, removed.param]).toEqual(['parameter_unknown', 'recurring[aggregate_usage]']);
  });

  it('answers with request id and version, and takes no live key', async () => {
    const { stripe, simulator } = world;
    const customer = await stripe.customers.create({});
    expect(customer.lastResponse.requestId).toMatch(/^req_sim/);
    expect(customer.lastResponse.apiVersion).toBe(Stripe.API_VERSION);
    const live = new Stripe('sk_live_x', { ...simulator.clientConfig, maxNetworkRetries: 0 });
    expect(await refusal(live.customers.list())).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
  });

  it('says so when it does not model an operation', async () => {
    const error = await refusal(world.stripe.coupons.create({ percent_off: 10, duration: 'once' }));
    expect(error.code).toBe('simulator_not_modelled');
  });

  it('reads nested lists and metadata as the SDK writes them, and unsets with an empty text', async () => {
    const { stripe } = world;
    const made = await stripe.customers.create({
      description: 'first & best = yes [1]',
      metadata: { a: '1', 'b c': 'ü' },
      preferred_locales: ['de', 'en'],
      address: { country: 'DE', line1: 'Straße 1' },
    });
    expect([made.description, made.metadata, made.preferred_locales]).toEqual([
      'first & best = yes [1]',
      { a: '1', 'b c': 'ü' },
      ['de', 'en'],
    ]);
    const changed = await stripe.customers.update(made.id, { metadata: { a: '' }, address: '' });
    expect([changed.metadata, changed.address]).toEqual([{ 'b c': 'ü' }, null]);
  });

  it('pages lists newest first, and the SDK walks them', async () => {
    const { stripe } = world;
    for (let at = 0; at < 5; at++) await stripe.customers.create({ name: `${at}` });
    const first = await stripe.customers.list({ limit: 2 });
    expect([first.data.map((one) => one.name), first.has_more]).toEqual([['4', '3'], true]);
    const all = await stripe.customers.list({ limit: 2 }).autoPagingToArray({ limit: 100 });
    expect(all.map((one) => one.name)).toEqual(['4', '3', '2', '1', '0']);
    const before = await stripe.customers.list({ limit: 2, ending_before: all[4]!.id });
    expect(before.data.map((one) => one.name)).toEqual(['2', '1']);
  });

  it('expands what it is asked to, and refuses what cannot be expanded', async () => {
    const { stripe } = world;
    const { id } = await stripe.customers.create({ address: { country: 'DE' } });
    const plain = await stripe.customers.retrieve(id);
    expect(plain).not.toHaveProperty('tax');
    const open = await stripe.customers.retrieve(id, { expand: ['tax', 'subscriptions'] });
    expect(open).toMatchObject({ tax: { automatic_tax: 'supported' }, subscriptions: { data: [] } });
    expect((await refusal(stripe.customers.retrieve(id, { expand: ['moon'] }))).param).toBe('expand');
  });
});

describe('idempotency keys of the simulated Stripe', () => {
  let world: Simulated;
  beforeEach(async () => void (world = await simulated()));
  afterEach(() => world.simulator.stop());
  const create = (name: string, idempotencyKey?: string) =>
    world.stripe.customers.create({ name }, idempotencyKey ? { idempotencyKey } : undefined);

  it('replays the stored answer to the same request', async () => {
    const first = await create('Ada', 'k');
    const again = await create('Ada', 'k');
    expect(again.id).toBe(first.id);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(world.simulator.control.objects('customer')).toHaveLength(1);
  });

  it('makes two of two requests without a key', async () => {
    await Promise.all([create('Ada'), create('Ada')]);
    expect(world.simulator.control.objects('customer')).toHaveLength(2);
  });

  it('refuses another request under the same key', async () => {
    await create('Ada', 'k');
    const error = await refusal(create('Bob', 'k'));
    expect([error.statusCode, error.rawType]).toEqual([400, 'idempotency_error']);
    expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
  });

  it('answers 409 while the first is still being executed', async () => {
    world.simulator.control.addFaults({ kind: 'slow', ms: 200, times: 1 });
    const first = create('Ada', 'k');
    while (world.simulator.control.idempotency.size === 0) await new Promise((soon) => setTimeout(soon, 5));
    const error = await refusal(create('Ada', 'k'));
    expect([error.statusCode, error.code]).toEqual([409, 'idempotency_key_in_use']);
    expect((await first).name).toBe('Ada');
  });

  it('forgets a key after a day, and then acts anew', async () => {
    const first = await create('Ada', 'k');
    await world.simulator.control.advance(DAY - 1);
    expect((await create('Ada', 'k')).id).toBe(first.id);
    await world.simulator.control.advance(1);
    expect((await create('Ada', 'k')).id).not.toBe(first.id);
  });

  it('stores a refusal of the execution, but none of the parameters', async () => {
    const { stripe } = world;
    const unknown = { colour: 'red' } as Stripe.CustomerCreateParams;
    await refusal(stripe.customers.create(unknown, { idempotencyKey: 'p' }));
    expect((await create('Ada', 'p')).name).toBe('Ada');
    const attach = () =>
      stripe.paymentMethods.attach('pm_card_chargeDeclined', { customer: 'cus_1' }, { idempotencyKey: 'x' });
    const error = await refusal(attach());
    expect((await refusal(attach())).requestId).not.toBe(error.requestId);
    expect((await refusal(attach())).headers['idempotent-replayed']).toBe('true');
  });
});
