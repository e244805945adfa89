import { z } from 'zod';
import { type AnswerOf, InstantText, pageAnswer } from '../doors/open-api-answer';
import type { Page } from '../doors/pagination';
import type { ListedDelivery } from './delivery.repository';
import { CreateWebhook, ListWebhooks, ReplayWebhook, UpdateWebhook, WebhookId } from './webhook.commands';
import type { StoredEndpoint } from './webhook.repository';
import type { Replay } from './webhook-delivery.service';
import type { EndpointWithSecret } from './webhooks.service';

export const fromRestCreateWebhook = (body: unknown): CreateWebhook => CreateWebhook.parse(body);
export const fromRestUpdateWebhook = (body: unknown): UpdateWebhook => UpdateWebhook.parse(body);
export const fromRestReplayWebhook = (body: unknown): ReplayWebhook => ReplayWebhook.parse(body);
export const fromRestWebhookId = (path: unknown): string => WebhookId.parse(path).id;
export const fromRestListWebhooks = (query: unknown): ListWebhooks => ListWebhooks.parse(query);

export const WebhookAnswer = z
  .strictObject({
    id: z.uuid(),
    url: z.string(),
    description: z.string(),
    types: z.array(z.string()),
    enabled: z.boolean(),
    disabled_reason: z.string().nullable(),
    created_at: InstantText,
    previous_secret_until: InstantText.nullable().meta({
      description: 'Until then calls are signed with the secret before as well.',
    }),
  })
  .meta({ id: 'WebhookEndpoint' });
export const WebhookPageAnswer = pageAnswer(WebhookAnswer);
export const WebhookWithSecretAnswer = WebhookAnswer.extend({
  secret: z.string().meta({ description: 'Of Standard Webhooks; it is shown here and never again.' }),
}).meta({ id: 'WebhookEndpointWithSecret' });

export const DeliveryAnswer = z
  .strictObject({
    id: z.uuid(),
    event_id: z.uuid(),
    attempt: z.int().meta({ description: 'Counts from 1; a replay begins anew.' }),
    at: InstantText,
    status_code: z.int().nullable().meta({ description: 'Null = there was no answer.' }),
    error: z.string().nullable(),
    duration_ms: z.int(),
  })
  .meta({ id: 'WebhookDelivery' });
export const DeliveryPageAnswer = pageAnswer(DeliveryAnswer);

export const ReplayAnswer = z
  .strictObject({
    queued: z.int().meta({ description: 'Calls that are due now.' }),
    next: z.uuid().nullable().meta({ description: 'The first event left for another request; null = none.' }),
  })
  .meta({ id: 'WebhookReplay' });

export function toRestWebhook(endpoint: StoredEndpoint): AnswerOf<typeof WebhookAnswer> {
  const { id, url, description, types, enabled, disabled_reason, created_at, previous_until } = endpoint;
  const previous_secret_until = previous_until?.toISOString() ?? null;
  const state = { enabled, disabled_reason, created_at: created_at.toISOString(), previous_secret_until };
  return { id, url, description, types, ...state };
}

export function toRestWebhookWithSecret(
  endpoint: EndpointWithSecret,
): AnswerOf<typeof WebhookWithSecretAnswer> {
  return { ...toRestWebhook(endpoint), secret: endpoint.secretText };
}

export function toRestWebhookPage(page: Page<StoredEndpoint>): AnswerOf<typeof WebhookPageAnswer> {
  return { items: page.items.map(toRestWebhook), next_cursor: page.next_cursor };
}

export function toRestDeliveryPage(page: Page<ListedDelivery>): AnswerOf<typeof DeliveryPageAnswer> {
  const items = page.items.map((delivery) => ({ ...delivery, at: delivery.at.toISOString() }));
  return { items, next_cursor: page.next_cursor };
}

export function toRestReplay({ queued, next }: Replay): AnswerOf<typeof ReplayAnswer> {
  return { queued, next };
}
