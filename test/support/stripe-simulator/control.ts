import type { StripeApi } from './api';
import type { ContractLog } from './contract-log';
import type { FaultRule, Faults } from './faults';
import type { IdempotencyKeys } from './idempotency';
import { attempt } from './payments';
import { RateLimiter, type RateLimits } from './rate-limit';
import { closeDispute, openDispute } from './resources/disputes';
import { newPaymentMethod, usablePaymentMethod } from './resources/payment-methods';
import { markPaid } from './invoice-payment';
import { sumUp } from './invoice-lines';
import type { StripeObject } from './stripe-object';
import { StripeRefusal, invalidRequest } from './stripe-refusal';
import { testCard, type TestCard } from './test-cards';
import { change } from './events';
import { taxStatus } from './tax';
import { catchUp } from './time-passing';
import { linesOf, view } from './view';
import type { Webhooks } from './webhooks';
import type { World, WorldSettings } from './world';

/** What others do to Stripe: time, browsers, banks, the network, and a test that wants to see inside. */
export class Control {
  constructor(
    readonly world: World,
    private readonly api: StripeApi,
    readonly webhooks: Webhooks,
  ) {}

  get contract(): ContractLog {
    return this.api.contract;
  }

  get faults(): Faults {
    return this.api.faults;
  }

  get idempotency(): IdempotencyKeys {
    return this.api.idempotency;
  }

  addFaults(...rules: FaultRule[]): void {
    this.api.faults.add(...rules);
  }

  limit(limits: RateLimits | null): void {
    this.api.limiter = limits === null ? null : new RateLimiter(limits);
  }

  set(settings: Partial<WorldSettings>): void {
    Object.assign(this.world.settings, settings);
  }

  /** Moves the clock; what falls due happens, and waiting webhooks that are due go out. */
  async advance(seconds: number): Promise<void> {
    this.world.clock.advance(seconds);
    await this.#passed();
  }

  /** @param now Unix seconds */
  async setNow(now: number): Promise<void> {
    this.world.clock.set(now);
    await this.#passed();
  }

  async #passed(): Promise<void> {
    catchUp(this.world);
    if (this.webhooks.behaviour.mode === 'at-once') await this.webhooks.deliver();
  }

  /**
   * The customer enters a card in the browser and confirms an intent with it.
   * @param card a published test card, `pm_card_visa` when left out
   * @returns the intent, also when the card refused: its `last_payment_error` says why
   */
  confirmInBrowser(intentId: string, card = 'pm_card_visa', billing: StripeObject = {}): StripeObject {
    const intent = this.world.need('payment_intent', intentId);
    if (
      !['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(
        intent.status as string,
      )
    ) {
      throw invalidRequest(`The intent is ${intent.status} and waits for no browser.`);
    }
    const known = testCard(card);
    intent.payment_method = known
      ? newPaymentMethod(this.world, known, { billing_details: billing }).id
      : usablePaymentMethod(this.world, card).id;
    this.#attempt(intent);
    return view(this.world, intent);
  }

  /** The card's holder answers the bank's question; the intent goes on, and the invoice it pays. */
  authenticateInBrowser(intentId: string): StripeObject {
    const intent = this.world.need('payment_intent', intentId);
    if (intent.status !== 'requires_action') throw invalidRequest(`The intent is ${intent.status}.`);
    intent._authenticated = true;
    this.#attempt(intent);
    return view(this.world, intent);
  }

  #attempt(intent: StripeObject): void {
    try {
      attempt(this.world, intent, { offSession: false });
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
    }
    const invoice = intent._invoice ? this.world.find('invoice', intent._invoice as string) : undefined;
    if (invoice?.status === 'open' && intent.status === 'succeeded')
      markPaid(this.world, invoice, intent.amount as number);
  }

  /** The card's holder disputes a charge with the bank. */
  dispute(chargeId: string, wanted: { amount?: number; reason?: string } = {}): StripeObject {
    return view(this.world, openDispute(this.world, this.world.need('charge', chargeId), wanted));
  }

  /** The bank decides. */
  decideDispute(disputeId: string, status: 'won' | 'lost'): StripeObject {
    return view(this.world, closeDispute(this.world, this.world.need('dispute', disputeId), status));
  }

  /** Changes how a card behaves from now on: one that paid may refuse later. */
  changeCard(paymentMethodId: string, card: string): void {
    this.world.need('payment_method', paymentMethodId)._card = testCard(card) as TestCard;
  }

  /** Pins what automatic tax says of a customer, `failed` for one; null lets the address decide again. */
  pinTax(customerId: string, status: string | null): StripeObject {
    const customer = this.world.need('customer', customerId);
    change(this.world, customer, 'customer.updated', () => {
      customer._taxPinned = status;
      customer.tax = taxStatus(this.world, customer, customer.tax.ip_address as string | null);
    });
    return view(this.world, customer);
  }

  /** Takes a line off an invoice behind everybody's back, whatever its state: a difference that a report has to find. */
  loseLine(lineId: string): void {
    const line = this.world.need('line_item', lineId);
    const invoice = this.world.need('invoice', line.invoice as string);
    this.world.remove(line);
    sumUp(this.world, invoice, linesOf(this.world, invoice));
  }

  /** Adds a secret to an endpoint: from here on both sign, until the old one is dropped. */
  rollSecret(endpointId: string, secret: string, keepOld = true): void {
    const endpoint = this.world.byId(endpointId);
    if (!endpoint) throw invalidRequest(`No endpoint ${endpointId}.`);
    endpoint._secrets = keepOld ? [secret, ...(endpoint._secrets as string[])] : [secret];
  }

  /** Everything of a kind as an answer would show it, without a request. */
  objects(kind: string): StripeObject[] {
    return this.world.all(kind).map((object) => view(this.world, object));
  }
}
