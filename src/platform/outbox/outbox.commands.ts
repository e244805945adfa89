import { z } from 'zod';
import { PageQuery } from '../doors/pagination';
import { OUTBOX_STATES } from './outbox.repository';

export const ListOutbox = PageQuery.extend({
  state: z
    .enum(OUTBOX_STATES)
    .default('parked')
    .meta({ description: 'By default parked: what was given up.' }),
});
export type ListOutbox = z.infer<typeof ListOutbox>;

export const OutboxPosition = z.strictObject({ id: z.uuid() });

/** The path of one message. */
export const OutboxMessageId = z.strictObject({ id: z.uuid() });
