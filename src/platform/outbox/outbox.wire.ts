import { z } from 'zod';
import { type AnswerOf, InstantText, pageAnswer } from '../doors/open-api-answer';
import type { Page } from '../doors/pagination';
import { ListOutbox, OutboxMessageId } from './outbox.commands';
import { OUTBOX_STATES, type ListedMessage } from './outbox.repository';

export const fromRestListOutbox = (query: unknown): ListOutbox => ListOutbox.parse(query);
export const fromRestOutboxMessageId = (path: unknown): string => OutboxMessageId.parse(path).id;

export const OutboxMessageAnswer = z
  .strictObject({
    id: z.uuid(),
    account: z.string().nullable().meta({ description: 'Null = the installation itself.' }),
    topic: z.string(),
    key: z.string().meta({ description: 'What caused it; the same cause twice is one message.' }),
    state: z.enum(OUTBOX_STATES),
    attempts: z.int(),
    due_at: InstantText.meta({ description: 'Of a message that is due: the next attempt.' }),
    last_error: z.string().nullable(),
    created_at: InstantText,
    finished_at: InstantText.nullable(),
  })
  .meta({ id: 'OutboxMessage' });
export const OutboxPageAnswer = pageAnswer(OutboxMessageAnswer);

export function toRestOutboxMessage(message: ListedMessage): AnswerOf<typeof OutboxMessageAnswer> {
  return {
    ...message,
    due_at: message.due_at.toISOString(),
    created_at: message.created_at.toISOString(),
    finished_at: message.finished_at?.toISOString() ?? null,
  };
}

export function toRestOutboxPage(page: Page<ListedMessage>): AnswerOf<typeof OutboxPageAnswer> {
  return { items: page.items.map(toRestOutboxMessage), next_cursor: page.next_cursor };
}
