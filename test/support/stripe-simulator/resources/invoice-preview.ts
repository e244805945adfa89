import type { Handler } from '../handlers';
import { notModelled } from '../stripe-refusal';
import { draftFor, periodAt, periodOf } from '../subscription-billing';
import { linesOf, view } from '../view';

/** The invoice a subscription would get at the end of its period, as things stand; nothing is kept. */
export const invoicePreview: Record<string, Handler> = {
  'Invoices.createPreview': (world, { params }) => {
    if (!params.subscription || params.subscription_details) {
      throw notModelled('previews of anything but a subscription as it is');
    }
    const subscription = world.named('subscription', params.subscription as string, 'subscription');
    const past = periodOf(world, subscription);
    const coming = subscription.cancel_at_period_end
      ? null
      : periodAt(world, subscription, (subscription._cycle as number) + 1);
    const taken = world.all('invoiceitem').filter((one) => one.invoice === null);
    const invoice = draftFor(world, subscription, { reason: 'upcoming', periods: { coming, past } });
    const shown = structuredClone(view(world, invoice));
    for (const line of linesOf(world, invoice)) world.remove(line);
    for (const item of taken) world.save(Object.assign(item, { invoice: null }));
    world.remove(invoice);
    return { ...shown, id: `upcoming_${invoice.id}`, auto_advance: false, number: null };
  },
};
