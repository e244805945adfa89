import { catalogue } from './catalogue';
import type { StripeObject } from './stripe-object';
import { view } from './view';
import type { World } from './world';

/** Writes down that something happened and tells the webhooks: a snapshot event with the object as it is now. */
export function emit(
  world: World,
  type: string,
  object: StripeObject,
  previous?: StripeObject,
): StripeObject {
  const data: StripeObject = { object: structuredClone(view(world, object)) };
  if (previous) data.previous_attributes = previous;
  const event = world.save({
    id: world.id('evt'),
    object: 'event',
    api_version: catalogue.apiVersion,
    created: world.nowFor(object),
    data,
    livemode: false,
    pending_webhooks: 0,
    request: { ...world.request },
    type,
  });
  world.tell(event);
  return event;
}

/** A thin event names what it is about and says nothing of its state. */
export function emitThin(world: World, type: string, more: StripeObject): StripeObject {
  const event = world.save({
    id: world.id('evt_v2'),
    object: 'v2.core.event',
    type,
    created: new Date(world.now() * 1000).toISOString(),
    livemode: false,
    context: null,
    reason: null,
    ...more,
  });
  world.tell(event);
  return event;
}

/**
 * Changes an object and emits what changed with the former values, as `*.updated` events carry them; nothing changed, no event.
 */
export function change(world: World, object: StripeObject, type: string, apply: () => void): StripeObject {
  const before = structuredClone(view(world, object));
  apply();
  world.save(object);
  const previous = differences(before, view(world, object));
  if (Object.keys(previous).length > 0) emit(world, type, object, previous);
  return object;
}

function differences(before: StripeObject, after: StripeObject): StripeObject {
  const previous: StripeObject = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[key], after[key]];
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    const nested = plain(old) && plain(now);
    previous[key] = nested ? differences(old, now) : (old ?? null);
  }
  return previous;
}

function plain(value: unknown): value is StripeObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
