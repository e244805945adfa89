import Stripe from 'stripe';
import type { FaultKind } from '../support/stripe-simulator/faults';
import { refusal, simulated, type Simulated } from './simulator-world';

describe('faults of the simulated Stripe', () => {
  let world: Simulated;
  beforeEach(async () => void (world = await simulated()));
  afterEach(() => world.simulator.stop());

  const customers = () => world.simulator.control.objects('customer').length;
  const create = (idempotencyKey: string) =>
    world.stripe.customers.create({ name: 'Ada' }, { idempotencyKey });

  it.each([
    ['lose-request', 0, 'StripeConnectionError'],
    ['reset', 0, 'StripeConnectionError'],
    ['lose-answer', 1, 'StripeConnectionError'],
    ['error-before', 0, 'StripeAPIError'],
    ['error-after', 1, 'StripeAPIError'],
    ['gateway-error', 0, 'StripeAPIError'],
    ['rate-limit', 0, 'StripeRateLimitError'],
  ] as const)('%s leaves %i customers and ends in a %s', async (kind, left, type) => {
    // The SDK repeats a dropped connection once by itself, so the fault strikes twice.
    world.simulator.control.addFaults({ kind, times: 2, operation: 'Customers.create' });
    expect((await refusal(create('k'))).type).toBe(type);
    expect(customers()).toBe(left);
  });

  it('answers the lost answer to whoever asks again with the same key: one customer', async () => {
    world.simulator.control.addFaults({ kind: 'lose-answer', times: 2 });
    await refusal(create('k'));
    const customer = await create('k');
    expect(customer.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(customers()).toBe(1);
  });

  it('replays a 500 for a key whether it had an effect or not, and forgets one from before the execution', async () => {
    for (const kind of ['error-before', 'error-after', 'gateway-error'] as const) {
      world.simulator.control.addFaults({ kind, times: 1 });
      expect((await refusal(create(kind))).statusCode).toBe(500);
    }
    expect((await refusal(create('error-before'))).statusCode).toBe(500);
    expect((await refusal(create('error-after'))).statusCode).toBe(500);
    expect(customers()).toBe(1);
    expect((await create('gateway-error')).name).toBe('Ada');
  });

  it('names the reason of a 429 in the header, and the SDK does not repeat it', async () => {
    const { simulator } = world;
    const stripe = new Stripe('sk_test_x', { ...simulator.clientConfig, maxNetworkRetries: 2 });
    simulator.control.addFaults({ kind: 'rate-limit', times: 3 });
    const error = await refusal(stripe.customers.list());
    expect(error.headers['stripe-rate-limited-reason']).toBe('global-rate');
    expect(simulator.control.contract.entries).toHaveLength(1);
  });

  it('lets a slow answer run into the timeout of the client, with the effect done', async () => {
    world.simulator.control.addFaults({ kind: 'slow-answer', ms: 400, times: 2 });
    const call = world.stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'k', timeout: 100 });
    expect((await refusal(call)).message).toMatch(/timed out|timeout|aborted/i);
    expect(customers()).toBe(1);
    expect((await create('k')).name).toBe('Ada');
  });

  it('lets through only so many requests a second when limits are set', async () => {
    world.simulator.control.limit({ perSecond: 25, perOperation: 3, concurrent: 100 });
    const calls = await Promise.all(
      Array.from({ length: 8 }, () =>
        world.stripe.customers.list().then(
          () => 200,
          (error: Stripe.errors.StripeError) => error.statusCode,
        ),
      ),
    );
    expect(calls.filter((status) => status === 200)).toHaveLength(3);
    expect(calls.filter((status) => status === 429)).toHaveLength(5);
  });

  it('meets the same faults again with the same seed, and others with another', async () => {
    const run = async (seed: number): Promise<string> => {
      const { simulator, stripe } = await simulated({ seed });
      const kinds: FaultKind[] = ['gateway-error', 'error-after', 'rate-limit'];
      simulator.control.addFaults(...kinds.map((kind) => ({ kind, probability: 0.2 })));
      for (let at = 0; at < 20; at++)
        await stripe.customers.create({}, { idempotencyKey: `${at}` }).catch(() => null);
      await simulator.stop();
      return simulator.control.faults.hits.map((hit) => hit.rule.kind).join();
    };
    const first = await run(7);
    expect(first.length).toBeGreaterThan(0);
    expect(await run(7)).toBe(first);
    expect(await run(8)).not.toBe(first);
  });

  it('obeys over HTTP as it does in the process', async () => {
    const { simulator, stripe } = world;
    const tell = (path: string, body: object, method = 'POST') =>
      fetch(`${simulator.url}/_control${path}`, { method, body: JSON.stringify(body) }).then((answer) =>
        answer.json(),
      );
    await tell('/faults', [{ kind: 'rate-limit', operation: 'Customers.*', times: 1 }]);
    expect((await refusal(stripe.customers.list())).statusCode).toBe(429);
    const { now } = (await tell('/now', { advance: 60 })) as { now: number };
    expect(now).toBe(simulator.control.world.clock.now());
    const report = await fetch(`${simulator.url}/_control/contract/report`).then((answer) => answer.json());
    expect((report as { exercised: object }).exercised).toEqual({ 'Customers.list': 1 });
  });
});
