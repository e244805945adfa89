import { z } from 'zod';
import { type AnswerOf, InstantText, pageAnswer } from '../doors/open-api-answer';
import type { Page } from '../doors/pagination';
import { ListBillingEvents } from './billing-event.commands';
import type { BillingEvent } from './billing-event.repository';

export const fromRestListBillingEvents = (query: unknown): ListBillingEvents =>
  ListBillingEvents.parse(query);

export const BillingEventAnswer = z
  .strictObject({
    id: z.uuid(),
    account: z.string(),
    at: InstantText.meta({ description: 'When it was recorded.' }),
    type: z.string(),
    data: z.unknown().meta({ description: 'An object that depends on the type; amounts are text.' }),
  })
  .meta({ id: 'BillingEvent' });
export const BillingEventPageAnswer = pageAnswer(BillingEventAnswer);

export function toRestBillingEvent(event: BillingEvent): AnswerOf<typeof BillingEventAnswer> {
  const { id, account, at, type, data } = event;
  return { id, account, at: at.toISOString(), type, data };
}

export function toRestBillingEventPage(page: Page<BillingEvent>): AnswerOf<typeof BillingEventPageAnswer> {
  return { items: page.items.map(toRestBillingEvent), next_cursor: page.next_cursor };
}
