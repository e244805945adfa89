import { boundary } from './billing-interval';
import { emit } from './events';
import { newDraft } from './invoice-draft';
import { addLines, sumUp } from './invoice-lines';
import { addMetered, itemLines } from './metered-lines';
import { RULES } from './rules';
import type { StripeObject } from './stripe-object';
import { end, setStatus } from './subscription-states';
import { itemsOf, linesOf } from './view';
import type { World } from './world';

/** What is billed: the period that begins, in advance, and the one that ended, by usage. */
interface Periods {
  readonly coming: { start: number; end: number } | null;
  readonly past: { start: number; end: number } | null;
}

/** The draft of a subscription's invoice with all its lines; not announced yet. */
export function draftFor(
  world: World,
  subscription: StripeObject,
  why: { reason: string; periods: Periods; finalizesAt?: number | null },
): StripeObject {
  const customer = world.find('customer', subscription.customer as string)!;
  const currency = subscription.currency as string;
  const wishes = { customer, currency, reason: why.reason, subscription, autoAdvance: true };
  const invoice = newDraft(world, { ...wishes, finalizesAt: why.finalizesAt ?? null });
  const { coming, past } = why.periods;
  const span = past ?? coming!;
  Object.assign(invoice, { period_start: span.start, period_end: past ? span.end : span.start });
  world.save(invoice);
  for (const item of itemsOf(world, subscription)) addItem(world, invoice, { item, coming, past });
  takePending(world, invoice, subscription);
  sumUp(world, invoice, linesOf(world, invoice));
  return invoice;
}

function addItem(world: World, invoice: StripeObject, of: Periods & { item: StripeObject }): void {
  const metered = world.find('price', of.item._price as string)!.recurring.usage_type === 'metered';
  if (metered && of.past) addMetered(world, invoice, { item: of.item, period: of.past });
  else if (metered) addLines(world, invoice, itemLines(world, of.item, { quantity: 0, period: of.coming! }));
  else if (of.coming) {
    addLines(
      world,
      invoice,
      itemLines(world, of.item, { quantity: of.item.quantity as number, period: of.coming }),
    );
  }
}

/** Invoice items that wait for the customer's next invoice come along. */
export function takePending(world: World, invoice: StripeObject, subscription: StripeObject | null): void {
  const pending = world
    .owned('invoiceitem', 'customer', { id: invoice.customer })
    .filter((item) => item.invoice === null && item.currency === invoice.currency)
    .filter(
      (item) =>
        item._subscription === null || item._subscription === (subscription?.id ?? item._subscription),
    );
  for (const item of pending) putOn(world, invoice, item);
}

/** An invoice item becomes a line. */
export function putOn(world: World, invoice: StripeObject, item: StripeObject): void {
  item.invoice = invoice.id;
  world.save(item);
  addLines(world, invoice, [
    {
      amount: item.amount as number,
      description: item.description as string | null,
      quantity: item.quantity as number,
      period: item.period as { start: number; end: number },
      price: item._price ? world.find('price', item._price as string)! : null,
      unitAmountDecimal: item.pricing.unit_amount_decimal as string | null,
      metadata: item.metadata as StripeObject,
      taxRates: item._taxRates as string[],
      subscription: item._subscription as string | null,
      invoiceItem: item.id as string,
      proration: item.proration as boolean,
    },
  ]);
}

/** The period a subscription is in, from its first item. */
export function periodOf(world: World, subscription: StripeObject): { start: number; end: number } {
  const item = itemsOf(world, subscription)[0]!;
  return { start: item.current_period_start as number, end: item.current_period_end as number };
}

/** The period that begins at the n-th boundary. */
export function periodAt(
  world: World,
  subscription: StripeObject,
  n: number,
): { start: number; end: number } {
  const price = world.find('price', itemsOf(world, subscription)[0]!._price as string)!;
  const every = price.recurring as { interval: string; interval_count: number };
  const anchor = subscription.billing_cycle_anchor as number;
  return { start: boundary(anchor, every, n), end: boundary(anchor, every, n + 1) };
}

export function setPeriod(
  world: World,
  subscription: StripeObject,
  period: { start: number; end: number },
): void {
  for (const item of itemsOf(world, subscription)) {
    Object.assign(item, { current_period_start: period.start, current_period_end: period.end });
  }
}

/** A period ends: the subscription ends with it or goes on, and an invoice is drafted. */
export function renew(world: World, subscription: StripeObject): void {
  const past = periodOf(world, subscription);
  if (subscription.cancel_at_period_end || (subscription.cancel_at ?? Infinity) <= past.end) {
    billUsage(world, subscription, past);
    return end(world, subscription, 'cancellation_requested');
  }
  const trialEnds = subscription.status === 'trialing';
  subscription._cycle = trialEnds ? 0 : (subscription._cycle as number) + 1;
  const coming = periodAt(world, subscription, subscription._cycle as number);
  setPeriod(world, subscription, coming);
  const finalizesAt = world.nowFor(subscription) + RULES.draftTime;
  const periods = { coming, past };
  const invoice = draftFor(world, subscription, { reason: 'subscription_cycle', periods, finalizesAt });
  subscription.latest_invoice = invoice.id;
  world.save(subscription);
  emit(world, 'invoice.created', invoice);
  if (trialEnds) return setStatus(world, subscription, 'active');
  const previous = { latest_invoice: null, items: { data: [{ current_period_start: past.start }] } };
  emit(world, 'customer.subscription.updated', subscription, previous);
}

/** The last invoice of a subscription that ends: what was used, and what waits. */
export function billUsage(
  world: World,
  subscription: StripeObject,
  past: { start: number; end: number },
): void {
  const finalizesAt = world.nowFor(subscription) + RULES.draftTime;
  const why = { reason: 'subscription_cycle', periods: { coming: null, past }, finalizesAt };
  const invoice = draftFor(world, subscription, why);
  if (linesOf(world, invoice).length === 0) return world.remove(invoice);
  subscription.latest_invoice = invoice.id;
  emit(world, 'invoice.created', invoice);
}
