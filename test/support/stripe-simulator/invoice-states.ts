import { emit } from './events';
import { sumUp, taxState } from './invoice-lines';
import { collect, markPaid } from './invoice-payment';
import { refreshMetered } from './metered-lines';
import { cancelIntent } from './payments';
import { moveBalance } from './resources/customer-balance';
import { newPaymentIntent } from './resources/payment-intents';
import { HOUR } from './rules';
import type { StripeObject } from './stripe-object';
import { StripeRefusal, invalidRequest } from './stripe-refusal';
import { linesOf } from './view';
import type { World } from './world';

/**
 * Fixes a draft: number, balance, due amount, an intent to pay it. Nothing due means paid.
 * @throws StripeRefusal when it is no draft, or automatic tax cannot place the customer
 */
export function finalize(world: World, invoice: StripeObject, how: { byHand: boolean }): StripeObject {
  if (invoice.status !== 'draft') throw notA(invoice, 'draft', 'finalized');
  refreshMetered(world, invoice);
  sumUp(world, invoice, linesOf(world, invoice));
  if (invoice.automatic_tax.enabled && taxState(world, invoice) !== 'complete')
    throw finalizationFailed(world, invoice);
  const customer = world.find('customer', invoice.customer as string)!;
  const sequence = customer.next_invoice_sequence as number;
  customer.next_invoice_sequence = sequence + 1;
  const now = world.nowFor(invoice);
  Object.assign(invoice, {
    number: `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`,
    status: 'open',
    effective_at: now,
    status_transitions: { ...invoice.status_transitions, finalized_at: now },
    automatically_finalizes_at: null,
    hosted_invoice_url: `https://invoice.stripe.example/${invoice.id}`,
    invoice_pdf: `https://invoice.stripe.example/${invoice.id}/pdf`,
  });
  takeBalance(world, invoice, customer);
  if ((invoice.amount_due as number) > 0) preparePayment(world, invoice);
  const waits = invoice.auto_advance && invoice.collection_method === 'charge_automatically';
  if (how.byHand && waits && invoice.amount_due > 0) invoice.next_payment_attempt = now + HOUR;
  world.save(invoice);
  emit(world, 'invoice.finalized', invoice);
  if (invoice.amount_due === 0) markPaid(world, invoice, 0);
  return invoice;
}

/** Credit of the customer pays first; a negative total becomes credit. */
function takeBalance(world: World, invoice: StripeObject, customer: StripeObject): void {
  const [balance, total] = [customer.balance as number, invoice.total as number];
  const due = Math.max(0, total + balance);
  const ending = total + balance - due;
  Object.assign(invoice, {
    starting_balance: balance,
    ending_balance: ending,
    amount_due: due,
    amount_remaining: due,
  });
  if (ending === balance) return;
  const more = {
    type: 'applied_to_invoice',
    invoice: invoice.id as string,
    currency: invoice.currency as string,
  };
  moveBalance(world, customer, ending - balance, more);
}

function preparePayment(world: World, invoice: StripeObject): void {
  const { amount_due: amount, currency, customer } = invoice;
  const intent = newPaymentIntent(world, {
    amount,
    currency,
    customer,
    description: `Invoice ${invoice.number}`,
  });
  intent._invoice = invoice.id;
  invoice._intent = intent.id;
  invoice.confirmation_secret = { client_secret: intent.client_secret as string, type: 'payment_intent' };
  world.save({
    id: world.id('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: amount as number,
    created: world.nowFor(invoice),
    currency: currency as string,
    invoice: invoice.id as string,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id as string, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  });
}

/** The invoice stays a draft, and everybody hears why. */
function finalizationFailed(world: World, invoice: StripeObject): StripeRefusal {
  const error = {
    type: 'invalid_request_error',
    code: 'customer_tax_location_invalid',
    message: "The customer's location is not recognised, so the tax cannot be computed.",
  };
  invoice.last_finalization_error = error;
  invoice.automatic_tax.status = taxState(world, invoice);
  // Stripe stops trying until the draft is touched again.
  invoice.automatically_finalizes_at = null;
  world.save(invoice);
  emit(world, 'invoice.finalization_failed', invoice);
  return new StripeRefusal(400, error);
}

/** What happens by itself at the end of a draft's hour: finalized, then paid. */
export function advanceDraft(world: World, invoice: StripeObject): void {
  try {
    finalize(world, invoice, { byHand: false });
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error;
    return;
  }
  if (invoice.status === 'open' && invoice.collection_method === 'charge_automatically')
    collect(world, invoice);
}

/** @throws StripeRefusal unless it is open or given up */
export function voidInvoice(world: World, invoice: StripeObject): StripeObject {
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') throw notA(invoice, 'open', 'voided');
  close(world, invoice, { status: 'void', at: 'voided_at' });
  const intent = invoice._intent ? world.find('payment_intent', invoice._intent as string) : undefined;
  if (intent && intent.status !== 'canceled') cancelIntent(world, intent, 'void_invoice');
  for (const payment of world.owned('invoice_payment', 'invoice', invoice)) payment.status = 'canceled';
  emit(world, 'invoice.voided', invoice);
  return invoice;
}

/** The debt is given up, but can still be paid. @throws StripeRefusal unless it is open */
export function giveUp(world: World, invoice: StripeObject): StripeObject {
  if (invoice.status !== 'open') throw notA(invoice, 'open', 'marked uncollectible');
  close(world, invoice, { status: 'uncollectible', at: 'marked_uncollectible_at' });
  emit(world, 'invoice.marked_uncollectible', invoice);
  return invoice;
}

function close(world: World, invoice: StripeObject, to: { status: string; at: string }): void {
  invoice.status = to.status;
  invoice.next_payment_attempt = null;
  invoice.status_transitions = { ...invoice.status_transitions, [to.at]: world.nowFor(invoice) };
  world.save(invoice);
}

/** 400: the invoice is past the state in which that can be done. */
export function notA(invoice: StripeObject, wanted: string, done: string): StripeRefusal {
  const message = `Only an invoice that is ${wanted} can be ${done}; this one is ${invoice.status}.`;
  return invalidRequest(message, { code: 'invoice_not_editable' });
}
