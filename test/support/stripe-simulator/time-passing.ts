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
  for (let due = earliest(world, testClock, until); due.length > 0; due = earliest(world, testClock, until)) {
    for (const { at, object } of due) {
      // What fell due at the same moment may have been settled by the one before.
      const still = dueOf(world, object);
      if (still?.at === at) world.at(at, still.work);
    }
  }
  if (testClock === null) caughtUp.set(world, until);
}

/** Everything that fell due at the earliest moment at which anything did; a month end is one moment for many. */
function earliest(
  world: World,
  testClock: string | null,
  until: number,
): { at: number; object: StripeObject }[] {
  let first = until;
  let due: { at: number; object: StripeObject }[] = [];
  for (const object of [...world.all('subscription'), ...world.all('invoice')]) {
    if (object.test_clock !== testClock) continue;
    const at = dueOf(world, object)?.at ?? Infinity;
    if (at > first) continue;
    if (at < first) due = [];
    first = at;
    due.push({ at, object });
  }
  return due;
}

function dueOf(world: World, object: StripeObject): Due | null {
  return object.object === 'invoice' ? dueOfInvoice(world, object) : dueOfSubscription(world, object);
}

function dueOfSubscription(world: World, subscription: StripeObject): Due | null {
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
