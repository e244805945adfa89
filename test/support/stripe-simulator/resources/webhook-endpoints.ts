import { createHash } from 'node:crypto';
import type { Handler } from '../handlers';
import { page } from '../lists';
import { mergedMetadata, sent } from '../metadata';
import { view } from '../view';

/** The secret of an endpoint; the same run gives the same ones. */
export function secretOf(id: string): string {
  return `whsec_${createHash('sha256').update(id).digest('hex').slice(0, 32)}`;
}

/** Endpoints for snapshot events. The secret is shown once, when the endpoint is made. */
export const webhookEndpoints: Record<string, Handler> = {
  'WebhookEndpoints.create': (world, { params }) => {
    const id = world.id('we');
    const secret = secretOf(id);
    const endpoint = world.save({
      id,
      object: 'webhook_endpoint',
      api_version: (params.api_version as string | undefined) ?? null,
      application: null,
      created: world.now(),
      description: (params.description as string | undefined) ?? null,
      enabled_events: params.enabled_events as string[],
      livemode: false,
      metadata: mergedMetadata(null, params.metadata),
      status: 'enabled',
      url: params.url as string,
      _secrets: [secret],
    });
    return { ...view(world, endpoint), secret };
  },
  'WebhookEndpoints.retrieve': (world, { ids }) =>
    view(world, world.need('webhook_endpoint', ids.webhook_endpoint!)),
  'WebhookEndpoints.update': (world, { ids, params }) => {
    const endpoint = world.need('webhook_endpoint', ids.webhook_endpoint!);
    Object.assign(endpoint, sent(params, ['description', 'enabled_events', 'url']));
    endpoint.metadata = mergedMetadata(endpoint.metadata, params.metadata);
    if (params.disabled !== undefined) endpoint.status = params.disabled ? 'disabled' : 'enabled';
    return view(world, endpoint);
  },
  'WebhookEndpoints.del': (world, { ids }) => {
    const endpoint = world.need('webhook_endpoint', ids.webhook_endpoint!);
    world.remove(endpoint);
    return { id: endpoint.id, object: 'webhook_endpoint', deleted: true };
  },
  'WebhookEndpoints.list': (world, call) => page(world, call, world.all('webhook_endpoint')),
};
