import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import { formatQuantity, parseQuantity } from '../core/quantity';
import { type AnswerOf, DecimalText, InstantText, pageAnswer } from '../platform/doors/open-api-answer';
import type { Page } from '../platform/doors/pagination';
import { ListEvents } from './event-list.commands';
import type { ListedEvent } from './event.repository';

export const fromRestListEvents = (query: unknown): ListEvents => ListEvents.parse(query);

const decimal = (stored: string | null): string | null =>
  stored === null ? null : formatQuantity(parseQuantity(stored));

const Properties = z.record(z.string(), z.unknown()).nullable();

const EventAnswer = z
  .strictObject({
    id: z.string(),
    source: z.string(),
    event_id: z.string().meta({ format: 'uuid' }),
    account: z.string(),
    type: z.string(),
    occurred_at: InstantText,
    recorded_at: InstantText,
    quantity: DecimalText.nullable(),
    resource: z.string().nullable(),
    subject: z.string().nullable(),
    properties: Properties,
    correction: z
      .strictObject({
        kind: z.enum(['void', 'amend']),
        quantity: DecimalText.nullable(),
        properties: Properties,
      })
      .nullable()
      .meta({ description: 'What the event counts as now; null = as it came.' }),
  })
  .meta({ id: 'StoredEvent' });
export const EventPageAnswer = pageAnswer(EventAnswer);

/** `id` is what the sender called the event, `event_id` what every answer of ours calls it. */
function toRestEvent(event: ListedEvent, account: AccountKey): AnswerOf<typeof EventAnswer> {
  return {
    id: event.event_id,
    source: event.source,
    event_id: event.key,
    account,
    type: event.type,
    occurred_at: event.occurred_at.toISOString(),
    recorded_at: event.recorded_at.toISOString(),
    quantity: decimal(event.quantity),
    resource: event.resource,
    subject: event.subject,
    properties: event.properties,
    correction:
      event.correction === null
        ? null
        : {
            kind: event.correction,
            quantity: decimal(event.corrected_quantity),
            properties: event.corrected_properties,
          },
  };
}

export function toRestEventPage(
  { items, next_cursor }: Page<ListedEvent>,
  account: AccountKey,
): AnswerOf<typeof EventPageAnswer> {
  return { items: items.map((event) => toRestEvent(event, account)), next_cursor };
}
