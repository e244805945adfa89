import { change, emit } from '../events';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { sent } from '../metadata';
import { RULES } from '../rules';
import type { StripeObject } from '../stripe-object';
import { invalidRequest } from '../stripe-refusal';
import { view } from '../view';
import type { World } from '../world';

const create: Handler = (world, { params }) => {
  const name = params.event_name as string;
  if (name.length > RULES.meterTextLength)
    throw invalidRequest('The event name is too long.', { param: 'event_name' });
  if (activeMeter(world, name)) {
    throw invalidRequest(`An active meter counts ${name} already.`, { param: 'event_name' });
  }
  const meter = world.save({
    id: world.id('mtr'),
    object: 'billing.meter',
    created: world.now(),
    customer_mapping: params.customer_mapping ?? { event_payload_key: 'stripe_customer_id', type: 'by_id' },
    default_aggregation: params.default_aggregation as StripeObject,
    display_name: params.display_name as string,
    event_name: name,
    event_time_window: (params.event_time_window as string | undefined) ?? null,
    livemode: false,
    status: 'active',
    status_transitions: { deactivated_at: null },
    updated: world.now(),
    value_settings: params.value_settings ?? { event_payload_key: 'value' },
  });
  emit(world, 'billing.meter.created', meter);
  return view(world, meter);
};

/** The meter that counts events of a name. */
export function activeMeter(world: World, eventName: string): StripeObject | undefined {
  return world.all('billing.meter').find((one) => one.event_name === eventName && one.status === 'active');
}

const setStatus =
  (status: 'active' | 'inactive'): Handler =>
  (world, { ids }) => {
    const meter = world.need('billing.meter', ids.id!);
    if (meter.status === status) throw invalidRequest(`The meter is ${status} already.`);
    meter.status = status;
    meter.status_transitions = { deactivated_at: status === 'inactive' ? world.now() : null };
    meter.updated = world.now();
    emit(world, status === 'active' ? 'billing.meter.reactivated' : 'billing.meter.deactivated', meter);
    return view(world, meter);
  };

/** Meters; an active one has its event name to itself. */
export const meters: Record<string, Handler> = {
  'Billing/Meters.create': create,
  'Billing/Meters.retrieve': (world, { ids }) => view(world, world.need('billing.meter', ids.id!)),
  'Billing/Meters.update': (world, { ids, params }) => {
    const meter = world.need('billing.meter', ids.id!);
    const apply = (): void =>
      void Object.assign(meter, sent(params, ['display_name']), { updated: world.now() });
    return view(world, change(world, meter, 'billing.meter.updated', apply));
  },
  'Billing/Meters.list': (world, call) => page(world, call, world.all('billing.meter'), ['status']),
  'Billing/Meters.deactivate': setStatus('inactive'),
  'Billing/Meters.reactivate': setStatus('active'),
};
