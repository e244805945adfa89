import type { Handler } from '../handlers';
import { page } from '../lists';
import { RULES } from '../rules';
import type { StripeObject } from '../stripe-object';
import { missing } from '../stripe-refusal';
import { view } from '../view';
import type { World } from '../world';

function kept(world: World): StripeObject[] {
  const since = world.clock.now() - RULES.eventRetention;
  return world.all('event').filter((event) => (event.created as number) >= since);
}

/** `invoice.*` matches every type that begins so. */
function fits(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

/** What happened in the last thirty days: the way to catch up on webhooks that never came. */
export const eventList: Record<string, Handler> = {
  'Events.retrieve': (world, { ids }) => {
    const event = kept(world).find((one) => one.id === ids.id);
    if (!event) throw missing('event', ids.id!, 'id');
    return view(world, event);
  },
  'Events.list': (world, call) => {
    const types = (call.params.types ?? (call.params.type ? [call.params.type] : ['*'])) as string[];
    const wanted = kept(world).filter((event) => types.some((type) => fits(type, event.type as string)));
    return page(world, call, wanted);
  },
  'V2/Core/Events.retrieve': (world, { ids }) => view(world, world.need('v2.core.event', ids.id!)),
  'V2/Core/Events.list': (world) => {
    const data = world
      .all('v2.core.event')
      .reverse()
      .map((event) => view(world, event));
    return { data, next_page_url: null, previous_page_url: null };
  },
};
