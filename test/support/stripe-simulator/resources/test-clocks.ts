import { emit } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { DAY } from '../rules';
import type { StripeObject } from '../stripe-object';
import { invalidRequest } from '../stripe-refusal';
import { catchUp } from '../time-passing';
import { itemsOf, view } from '../view';
import type { World } from '../world';

const create: Handler = (world, { params }) => {
  const clock = world.save({
    id: world.id('clock'),
    object: 'test_helpers.test_clock',
    created: world.clock.now(),
    deletes_after: world.clock.now() + 30 * DAY,
    frozen_time: params.frozen_time as number,
    livemode: false,
    name: (params.name as string | undefined) ?? null,
    status: 'ready',
    status_details: {},
  });
  emit(world, 'test_helpers.test_clock.created', clock);
  return view(world, clock);
};

/** Answers that the clock is advancing; the next look finds it ready, with everything done that fell due. */
const advance: Handler = (world, { ids, params }) => {
  const clock = world.need('test_helpers.test_clock', ids.test_clock!);
  const to = params.frozen_time as number;
  if (to <= (clock.frozen_time as number)) {
    throw invalidRequest('A test clock only moves forward.', { param: 'frozen_time' });
  }
  if (to > farthest(world, clock)) {
    const message = 'A test clock moves at most two intervals of its shortest subscription at a time.';
    throw invalidRequest(message, { param: 'frozen_time' });
  }
  clock.status = 'advancing';
  clock.status_details = { advancing: { target_frozen_time: to } };
  emit(world, 'test_helpers.test_clock.advancing', clock);
  const answer = structuredClone(view(world, clock));
  Object.assign(clock, { frozen_time: to, status: 'ready', status_details: {} });
  catchUp(world, clock.id as string);
  emit(world, 'test_helpers.test_clock.ready', clock);
  return answer;
};

function farthest(world: World, clock: StripeObject): number {
  const items = world
    .all('subscription')
    .filter((one) => one.test_clock === clock.id && one.status !== 'canceled')
    .flatMap((one) => itemsOf(world, one));
  const days = { day: 1, week: 7, month: 31, year: 366 } as Record<string, number>;
  const spans = items.map((item) => {
    const { interval, interval_count: count } = world.find('price', item._price as string)!.recurring;
    return days[interval as string]! * (count as number) * DAY;
  });
  return spans.length === 0 ? Infinity : (clock.frozen_time as number) + 2 * Math.min(...spans);
}

const del: Handler = (world, { ids }) => {
  const clock = world.need('test_helpers.test_clock', ids.test_clock!);
  for (const customer of world.all('customer').filter((one) => one.test_clock === clock.id)) {
    customer._deleted = true;
    world.save(customer);
  }
  for (const kind of ['subscription', 'invoice']) {
    for (const one of world.all(kind).filter((object) => object.test_clock === clock.id)) world.remove(one);
  }
  world.remove(clock);
  emit(world, 'test_helpers.test_clock.deleted', clock);
  return { id: clock.id, object: 'test_helpers.test_clock', deleted: true };
};

/** Test clocks: the time of the customers on them moves when it is told to, and their billing with it. */
export const testClocks: Record<string, Handler> = {
  'TestHelpers/TestClocks.create': create,
  'TestHelpers/TestClocks.retrieve': (world, { ids }) =>
    view(world, world.need('test_helpers.test_clock', ids.test_clock!)),
  'TestHelpers/TestClocks.list': (world, call) => page(world, call, world.all('test_helpers.test_clock')),
  'TestHelpers/TestClocks.advance': advance,
  'TestHelpers/TestClocks.del': del,
};
