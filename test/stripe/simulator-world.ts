import Stripe from 'stripe';
import { StripeSimulator, type SimulatorOptions } from '../support/stripe-simulator/simulator';

/** 1 November 2026, midnight UTC. */
export const NOVEMBER = Date.UTC(2026, 10, 1) / 1000;
export const DAY = 86_400;
export const HOUR = 3600;

/** A simulator and Stripe's own SDK talking to it. */
export interface Simulated {
  readonly simulator: StripeSimulator;
  readonly stripe: Stripe;
}

/** Starts both; the clock stands at the first of November. The SDK repeats nothing by itself unless it is told to. */
export async function simulated(options: SimulatorOptions = {}, retries = 0): Promise<Simulated> {
  const simulator = await StripeSimulator.start({ now: NOVEMBER, ...options });
  const config = { ...simulator.clientConfig, maxNetworkRetries: retries, timeout: 2000 };
  return { simulator, stripe: new Stripe(StripeSimulator.key, config) };
}

/** The error a call ends with, as Stripe's SDK throws it. */
export async function refusal(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    return error as Stripe.errors.StripeError;
  }
  throw new Error('the call was expected to be refused');
}

/** A monthly price of so many cents. */
export async function monthlyPrice(stripe: Stripe, cents = 1000): Promise<Stripe.Price> {
  const product = await stripe.products.create({ name: 'Team' });
  return stripe.prices.create({
    product: product.id,
    currency: 'usd',
    unit_amount: cents,
    recurring: { interval: 'month' },
  });
}

/** A customer with a card that pays its invoices. */
export async function payingCustomer(
  stripe: Stripe,
  more: Stripe.CustomerCreateParams = {},
  card = 'pm_card_visa',
) {
  const customer = await stripe.customers.create({ email: 'ada@example.com', name: 'Ada', ...more });
  const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
  return stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
}
