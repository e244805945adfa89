import type { StripeObject } from './stripe-object';
import type { World } from './world';

const SEARCHED = new Set([
  'customer',
  'invoice',
  'subscription',
  'price',
  'product',
  'payment_intent',
  'charge',
]);

interface Written {
  readonly id: string;
  readonly visibleAt: number;
  readonly copy: StripeObject | null;
}

interface Index {
  readonly visible: Map<string, StripeObject>;
  pending: Written[];
}

const indexes = new WeakMap<World, Index>();

/** From here on whatever is written becomes findable after the delay of the settings, as it was when it was written. */
export function watchForSearch(world: World): void {
  const index: Index = { visible: new Map(), pending: [] };
  indexes.set(world, index);
  world.onWrite((object) => {
    if (!SEARCHED.has(object.object as string)) return;
    const copy = object._deleted ? null : structuredClone(object);
    index.pending.push({
      id: object.id as string,
      visibleAt: world.clock.now() + world.settings.searchDelay,
      copy,
    });
  });
}

/** What a search sees now: not what was written a moment ago. */
export function searchable(world: World, kind: string): StripeObject[] {
  const index = indexes.get(world)!;
  const now = world.clock.now();
  const later: Written[] = [];
  for (const written of index.pending) {
    if (written.visibleAt > now) later.push(written);
    else if (written.copy) index.visible.set(written.id, written.copy);
    else index.visible.delete(written.id);
  }
  index.pending = later;
  return [...index.visible.values()].filter((object) => object.object === kind);
}
