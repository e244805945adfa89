import { addLines, type LineSpec } from './invoice-lines';
import { usage } from './meter-usage';
import { rate } from './rating';
import type { StripeObject } from './stripe-object';
import { linesOf } from './view';
import type { World } from './world';

/** Lines for what was used: of a metered item, over a period that is past. */
export function meteredLines(
  world: World,
  item: StripeObject,
  period: { start: number; end: number },
): LineSpec[] {
  const price = world.find('price', item._price as string)!;
  const meter = world.find('billing.meter', price.recurring.meter as string)!;
  const subscription = world.find('subscription', item.subscription as string)!;
  const used = usage(world, { meter, customer: subscription.customer as string, ...period });
  // A negative sum is billed as nothing.
  return itemLines(world, item, { quantity: Math.max(0, used), period });
}

/** Lines of one subscription item; graduated prices give one for each tier. */
export function itemLines(
  world: World,
  item: StripeObject,
  of: { quantity: number; period: { start: number; end: number } },
): LineSpec[] {
  const price = world.find('price', item._price as string)!;
  const product = world.find('product', price.product as string);
  return rate(price, of.quantity).map((rated) => ({
    amount: rated.amount,
    description: `${rated.quantity} × ${product?.name ?? price.id}`,
    quantity: rated.quantity,
    period: of.period,
    price,
    unitAmountDecimal: rated.unitAmountDecimal,
    taxRates: item._taxRates as string[],
    subscription: item.subscription as string,
    subscriptionItem: item.id as string,
    metadata: { ...item.metadata },
  }));
}

/** Usage that came in while the invoice was a draft is still counted: Stripe's hour of grace. */
export function refreshMetered(world: World, invoice: StripeObject): void {
  const spans = new Map<string, { start: number; end: number }>();
  for (const line of linesOf(world, invoice)) {
    if (!line._metered) continue;
    spans.set(line._subscriptionItem as string, line.period as { start: number; end: number });
    world.remove(line);
  }
  for (const [id, period] of spans) addMetered(world, invoice, { item: world.byId(id)!, period });
}

/** Adds a metered item's lines so that they can be counted again later. */
export function addMetered(
  world: World,
  invoice: StripeObject,
  of: { item: StripeObject; period: { start: number; end: number } },
): void {
  const before = new Set(linesOf(world, invoice));
  addLines(world, invoice, meteredLines(world, of.item, of.period));
  for (const line of linesOf(world, invoice)) if (!before.has(line)) line._metered = true;
}
