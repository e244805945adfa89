import type { Handler } from '../handlers';
import type { StripeObject } from '../stripe-object';
import { invalidRequest, notModelled } from '../stripe-refusal';
import { view } from '../view';
import type { World } from '../world';
import { secretOf } from './webhook-endpoints';

const create: Handler = (world, { params }) => {
  // The derived schemas leave these parameters out, so what is needed is checked by hand.
  for (const param of ['name', 'type', 'event_payload', 'enabled_events']) {
    if (params[param] === undefined)
      throw invalidRequest(`${param} is needed.`, { code: 'parameter_missing', param });
  }
  if (params.type !== 'webhook_endpoint' || params.event_payload !== 'thin') {
    throw notModelled('destinations other than webhooks for thin events');
  }
  const url = params.webhook_endpoint?.url as string | undefined;
  if (!url) throw invalidRequest('webhook_endpoint.url is needed.', { param: 'webhook_endpoint.url' });
  const id = world.id('ed');
  const now = new Date(world.now() * 1000).toISOString();
  const destination = world.save({
    id,
    object: 'v2.core.event_destination',
    created: now,
    description: (params.description as string | undefined) ?? '',
    enabled_events: params.enabled_events as string[],
    event_payload: 'thin',
    events_from: ['self'],
    livemode: false,
    metadata: (params.metadata as StripeObject | undefined) ?? {},
    name: params.name as string,
    snapshot_api_version: null,
    status: 'enabled',
    status_details: null,
    type: 'webhook_endpoint',
    updated: now,
    webhook_endpoint: null,
    _url: url,
    _secrets: [secretOf(id)],
  });
  return shown(world, destination, params);
};

/** Address and secret are shown when `include` asks for them. */
function shown(world: World, destination: StripeObject, params: StripeObject): StripeObject {
  const include = (params.include ?? []) as string[];
  const endpoint: StripeObject = {};
  if (include.includes('webhook_endpoint.url')) endpoint.url = destination._url;
  if (include.includes('webhook_endpoint.signing_secret'))
    endpoint.signing_secret = (destination._secrets as string[])[0];
  const some = Object.keys(endpoint).length > 0;
  return { ...view(world, destination), webhook_endpoint: some ? endpoint : null };
}

const setStatus =
  (status: string): Handler =>
  (world, { ids }) => {
    const destination = world.need('v2.core.event_destination', ids.id!);
    destination.status = status;
    return view(world, destination);
  };

/** Endpoints for thin events, by the second version of the API. */
export const eventDestinations: Record<string, Handler> = {
  'V2/Core/EventDestinations.create': create,
  'V2/Core/EventDestinations.retrieve': (world, { ids, params }) =>
    shown(world, world.need('v2.core.event_destination', ids.id!), params),
  'V2/Core/EventDestinations.list': (world, { params }) => ({
    data: world.all('v2.core.event_destination').map((one) => shown(world, one, params)),
    next_page_url: null,
    previous_page_url: null,
  }),
  'V2/Core/EventDestinations.del': (world, { ids }) => {
    world.remove(world.need('v2.core.event_destination', ids.id!));
    return { id: ids.id, object: 'v2.core.event_destination', deleted: true };
  },
  'V2/Core/EventDestinations.enable': setStatus('enabled'),
  'V2/Core/EventDestinations.disable': setStatus('disabled'),
};
