import type { Handler } from '../handlers';
import { cut } from '../lists';
import { usage } from '../meter-usage';
import { DAY, HOUR, MINUTE } from '../rules';
import { invalidRequest } from '../stripe-refusal';

/** What a meter counted for a customer: over the whole span, or hour by hour, day by day; empty windows are left out. */
export const meterSummaries: Record<string, Handler> = {
  'Billing/Meters.listEventSummaries': (world, call) => {
    const meter = world.need('billing.meter', call.ids.id!);
    const {
      customer,
      start_time: start,
      end_time: end,
      value_grouping_window: window,
    } = call.params as {
      customer: string;
      start_time: number;
      end_time: number;
      value_grouping_window?: 'hour' | 'day';
    };
    world.named('customer', customer, 'customer');
    const step = window === 'hour' ? HOUR : window === 'day' ? DAY : end - start;
    const grid = window ? step : MINUTE;
    if (start % grid !== 0 || end % grid !== 0) {
      throw invalidRequest('Start and end must lie on the boundaries of the window, or of a minute.', {
        param: 'start_time',
      });
    }
    if (end <= start) throw invalidRequest('The end must lie after the start.', { param: 'end_time' });
    const summaries = [];
    for (let from = start; from < end; from += step) {
      const value = usage(world, { meter, customer, start: from, end: from + step });
      if (window && value === 0) continue;
      summaries.push({
        id: `mtrusg_${meter.id}_${from}`,
        object: 'billing.meter_event_summary',
        aggregated_value: value,
        end_time: from + step,
        livemode: false,
        meter: meter.id as string,
        start_time: from,
      });
    }
    return cut(world, call, summaries.reverse());
  },
};
