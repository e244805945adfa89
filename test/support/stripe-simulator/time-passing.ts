import { advanceDraft } from './invoice-states';
import { collect } from './invoice-payment';
import { RULES } from './rules';
import type { StripeObject } from './stripe-object';
import { periodOf, renew } from './subscription-billing';
import { end, expire } from './subscription-states';
import type { World } from './world';

interface Due {
  readonly at: number;
  readonly work: () => void;
}

const caughtUp = new WeakMap<World, number>();

/** Does everything that fell due up to now, in the order of time: of the world, or of one test clock. */
export function catchUp(world: World, testClock: string | null = null): void {
  const until = world.now(testClock);
  if (testClock === null && caughtUp.get(world) === until) return;
  for (;;) {
    const due = earliest(world, testClock, until);
    if (!due) break;
    world.at(due.at, due.work);
  }
  if (testClock === null) caughtUp.set(world, until);
}

function earliest(world: World, testClock: string | null, until: number): Due | null {
  let first: Due | null = null;
  const consider = (due: Due | null): void => {
    if (due && due.at <= until && (!first || due.at < first.at)) first = due;
  };
  const here = (object: StripeObject): boolean => object.test_clock === testClock;
  for (const subscription of world.all('subscription').filter(here)) consider(dueOf(world, subscription));
  for (const invoice of world.all('invoice').filter(here)) consider(dueOfInvoice(world, invoice));
  return first;
}

function dueOf(world: World, subscription: StripeObject): Due | null {
  if (subscription.status === 'incomplete') {
    return {
      at: (subscription.created as number) + RULES.incompleteExpiry,
      work: () => expire(world, subscription),
    };
  }
  if (!['trialing', 'active', 'past_due', 'unpaid'].includes(subscription.status as string)) return null;
  const period = periodOf(world, subscription).end;
  const cancelAt = subscription.cancel_at as number | null;
  if (cancelAt !== null && cancelAt < period) {
    return { at: cancelAt, work: () => end(world, subscription, 'cancellation_requested') };
  }
  return { at: period, work: () => renew(world, subscription) };
}

function dueOfInvoice(world: World, invoice: StripeObject): Due | null {
  const finalizesAt = invoice.automatically_finalizes_at as number | null;
  if (invoice.status === 'draft' && invoice.auto_advance && finalizesAt !== null) {
    return { at: finalizesAt, work: () => advanceDraft(world, invoice) };
  }
  const attempt = invoice.next_payment_attempt as number | null;
  if (invoice.status !== 'open' || attempt === null) return null;
  return { at: attempt, work: () => collect(world, invoice) };
}
