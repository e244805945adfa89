import { z } from 'zod';
import { EVENT_TYPES_PATTERN } from '../../core/event-type';
import { PageQuery } from '../doors/pagination';

const Description = z
  .string()
  .max(500)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters');

const Url = z
  .string()
  .max(2_000)
  .refine((text) => URL.canParse(text), 'must be a URL such as https://example.com/webhooks')
  .transform((text) => new URL(text).href);

const Types = z
  .array(z.string().regex(new RegExp(EVENT_TYPES_PATTERN), 'must be *, a type or a prefix such as invoice.*'))
  .min(1)
  .max(100)
  .transform((types) => (types.includes('*') ? ['*'] : [...new Set(types)]));

export const CreateWebhook = z.strictObject({
  url: Url,
  description: Description.default(''),
  types: Types.default(['*']).meta({ description: '`*`, types, or prefixes such as `invoice.*`' }),
});
export type CreateWebhook = z.infer<typeof CreateWebhook>;

/** What is left out stays as it is. */
export const UpdateWebhook = z
  .strictObject({
    url: Url.optional(),
    description: Description.optional(),
    types: Types.optional(),
    enabled: z.boolean().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, 'must change something');
export type UpdateWebhook = z.infer<typeof UpdateWebhook>;

export const WebhookId = z.strictObject({ id: z.uuid() });

export const ListWebhooks = PageQuery;
export type ListWebhooks = z.infer<typeof ListWebhooks>;

export const WebhookPosition = z.strictObject({ id: z.uuid() });

/** Either events by name, or all from one on. */
export const ReplayWebhook = z
  .strictObject({
    events: z.array(z.uuid()).min(1).max(1_000).optional(),
    from: z.uuid().optional().meta({ description: 'The first event; all after it follow.' }),
  })
  .refine(({ events, from }) => (events === undefined) !== (from === undefined), {
    path: ['from'],
    message: 'is needed unless there are events, and not both',
  });
export type ReplayWebhook = z.infer<typeof ReplayWebhook>;
