import { emitThin } from '../events';
import type { Handler } from '../handlers';
import { RULES } from '../rules';
import type { StripeObject } from '../stripe-object';
import { StripeRefusal, invalidRequest } from '../stripe-refusal';
import { view } from '../view';
import type { World } from '../world';
import { activeMeter } from './meters';

interface Told {
  readonly event_name: string;
  readonly payload: Record<string, string>;
  readonly identifier: string | null;
  /** Unix seconds. */
  readonly timestamp: number;
}

/**
 * Takes an event in. Time, lengths, value and identifier are checked at once; whether meter and customer exist is found out
 * afterwards and told by a thin event.
 */
function record(world: World, told: Told): StripeObject {
  const now = world.clock.now();
  checkTexts(told);
  if (told.timestamp < now - RULES.meterPast || told.timestamp > now + RULES.meterFuture) {
    const message = 'The timestamp must lie within the past 35 days and at most 5 minutes ahead.';
    throw invalidRequest(message, { code: 'timestamp_invalid', param: 'timestamp' });
  }
  const identifier = told.identifier ?? world.id('mevt');
  checkUnique(world, identifier, now);
  const meter = activeMeter(world, told.event_name);
  const customer = meter ? told.payload[meter.customer_mapping.event_payload_key as string] : undefined;
  if (meter) checkValue(meter, told.payload);
  const known =
    customer !== undefined && world.find('customer', customer) && !world.find('customer', customer)!._deleted;
  const event = world.save({
    id: world.id('mtrevt'),
    object: 'billing.meter_event',
    created: now,
    event_name: told.event_name,
    identifier,
    livemode: false,
    payload: told.payload,
    timestamp: told.timestamp,
    _received: now,
    _customer: known ? customer : null,
    _cancelled: false,
  });
  if (!meter) report(world, event, { type: 'v1.billing.meter.no_meter_found', code: 'no_meter' });
  else if (!known)
    report(world, event, {
      type: 'v1.billing.meter.error_report_triggered',
      code: 'meter_event_customer_not_found',
      meter,
    });
  return event;
}

function checkTexts(told: Told): void {
  const most = RULES.meterTextLength;
  if ((told.identifier ?? '').length > most || told.event_name.length > most) {
    throw invalidRequest(`An identifier and an event name have at most ${most} characters.`, {
      param: 'identifier',
    });
  }
}

/** A repetition within a day is refused, and marked as not worth another try. */
function checkUnique(world: World, identifier: string, now: number): void {
  const before = identifiers(world).get(identifier);
  if (before === undefined || (before._received as number) + RULES.meterIdentifierUnique <= now) return;
  const error = {
    type: 'invalid_request_error',
    message: `An event already exists with identifier ${identifier}.`,
  };
  throw new StripeRefusal(400, error, { 'stripe-should-retry': 'false' });
}

const known = new WeakMap<World, Map<string, StripeObject>>();

/** The newest event of each identifier. */
function identifiers(world: World): Map<string, StripeObject> {
  let map = known.get(world);
  if (!map) {
    const fresh = new Map<string, StripeObject>();
    world.onWrite((one) => {
      if (one.object === 'billing.meter_event') fresh.set(one.identifier as string, one);
    });
    known.set(world, (map = fresh));
  }
  return map;
}

function checkValue(meter: StripeObject, payload: Record<string, string>): void {
  if (meter.default_aggregation.formula === 'count') return;
  const key = meter.value_settings.event_payload_key as string;
  const value = payload[key];
  if (value === undefined || !/^-?\d{1,15}$/.test(value)) {
    const param = `payload[${key}]`;
    throw invalidRequest('The value must be a whole number, written as a text.', { param });
  }
}

function report(
  world: World,
  event: StripeObject,
  why: { type: string; code: string; meter?: StripeObject },
): void {
  const at = new Date(world.now() * 1000).toISOString();
  const sample = { error_message: why.code, request: { identifier: event.identifier as string } };
  const type = { code: why.code, error_count: 1, sample_errors: [sample] };
  const id = why.meter?.id as string | undefined;
  emitThin(world, why.type, {
    related_object: id ? { id, type: 'billing.meter', url: `/v1/billing/meters/${id}` } : null,
    data: {
      developer_message_summary: 'One meter event could not be counted.',
      reason: { error_count: 1, error_types: [type] },
      validation_start: at,
      validation_end: at,
    },
  });
}

/** Only within a day of its arrival can an event be cancelled, by its identifier. */
function cancel(world: World, params: StripeObject): StripeObject {
  const identifier = params.cancel?.identifier as string | undefined;
  if (!identifier)
    throw invalidRequest('cancel[identifier] is needed.', { code: 'parameter_missing', param: 'cancel' });
  const event = identifiers(world).get(identifier);
  if (!event || event.event_name !== params.event_name) {
    throw invalidRequest(`No event with the identifier ${identifier}.`, {
      code: 'resource_missing',
      param: 'cancel[identifier]',
    });
  }
  if ((event._received as number) + RULES.meterCancelWindow < world.clock.now()) {
    throw invalidRequest('An event can be cancelled within 24 hours only.', { param: 'cancel[identifier]' });
  }
  if (event._cancelled)
    throw invalidRequest('The event is cancelled already.', { param: 'cancel[identifier]' });
  event._cancelled = true;
  return {
    object: 'billing.meter_event_adjustment',
    cancel: { identifier },
    event_name: params.event_name as string,
    livemode: false,
    status: 'pending',
    type: 'cancel',
  };
}

const shown = (world: World, event: StripeObject): StripeObject => {
  const { id: _id, ...rest } = view(world, event);
  return rest;
};

const createV1: Handler = (world, { params }) => {
  identifiers(world);
  const timestamp = (params.timestamp as number | undefined) ?? world.clock.now();
  const { event_name: name, payload, identifier = null } = params;
  return shown(world, record(world, { event_name: name, payload, identifier, timestamp }));
};

const createV2: Handler = (world, { params }) => {
  identifiers(world);
  const given = params.timestamp as string | undefined;
  const timestamp = given === undefined ? world.clock.now() : Math.floor(Date.parse(given) / 1000);
  if (Number.isNaN(timestamp)) throw invalidRequest('The timestamp is no time.', { param: 'timestamp' });
  const { event_name: name, payload, identifier = null } = params;
  const event = shown(world, record(world, { event_name: name, payload, identifier, timestamp }));
  const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
  const times = { created: iso(event.created as number), timestamp: iso(timestamp) };
  return { ...event, ...times, object: 'v2.billing.meter_event' };
};

/** Meter events by both versions of the API, and their cancellation. */
export const meterEvents: Record<string, Handler> = {
  'Billing/MeterEvents.create': createV1,
  'V2/Billing/MeterEvents.create': createV2,
  'Billing/MeterEventAdjustments.create': (world, { params }) => cancel(world, params),
  'V2/Billing/MeterEventAdjustments.create': (world, { params }) => ({
    ...cancel(world, params),
    object: 'v2.billing.meter_event_adjustment',
    id: world.id('mtradj'),
    created: new Date(world.now() * 1000).toISOString(),
  }),
};
