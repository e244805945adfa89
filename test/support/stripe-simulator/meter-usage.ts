import { DAY, HOUR } from './rules';
import type { StripeObject } from './stripe-object';
import type { World } from './world';

/** What is asked of a meter: one customer's usage in [start, end), Unix seconds. */
export interface UsageSpan {
  readonly meter: StripeObject;
  readonly customer: string;
  readonly start: number;
  readonly end: number;
}

/** The usage as the meter's formula sums it up: only events that are processed by now, and not cancelled. */
export function usage(world: World, span: UsageSpan): number {
  const { meter, start, end } = span;
  const now = world.clock.now();
  const events = world
    .owned('billing.meter_event', '_customer', { id: span.customer })
    .filter((one) => one.event_name === meter.event_name && !one._cancelled)
    .filter((one) => (one.timestamp as number) >= start && (one.timestamp as number) < end)
    .filter((one) => (one._received as number) + world.settings.meterDelay <= now);
  return aggregate(meter, events);
}

function aggregate(meter: StripeObject, events: StripeObject[]): number {
  const counted = meter.event_time_window ? newestPerWindow(meter, events) : events;
  const key = meter.value_settings.event_payload_key as string;
  const value = (event: StripeObject): number => Number(event.payload[key]);
  switch (meter.default_aggregation.formula as string) {
    case 'count':
      return counted.length;
    case 'last': {
      const newest = inOrder(counted).at(-1);
      return newest ? value(newest) : 0;
    }
    default:
      return counted.reduce((sum, event) => sum + value(event), 0);
  }
}

/** A meter with a time window keeps only the newest event of each hour or day. */
function newestPerWindow(meter: StripeObject, events: StripeObject[]): StripeObject[] {
  const size = meter.event_time_window === 'hour' ? HOUR : DAY;
  const newest = new Map(inOrder(events).map((one) => [Math.floor((one.timestamp as number) / size), one]));
  return [...newest.values()];
}

/** By their own time, of the same second by their arrival. */
function inOrder(events: StripeObject[]): StripeObject[] {
  return [...events].sort((a, b) => (a.timestamp as number) - (b.timestamp as number));
}
