import { z } from 'zod';
import { parseAccountKey, type AccountKey } from '../../core/account-key';
import { EVENT_TYPES_PATTERN } from '../../core/event-type';
import { PageQuery } from '../doors/pagination';
import { parsedBy } from '../doors/parsed-by';

export const ListBillingEvents = PageQuery.extend({
  account: parsedBy(z.string(), (text): AccountKey => parseAccountKey(text)).optional(),
  type: z
    .string()
    .regex(
      new RegExp(EVENT_TYPES_PATTERN),
      'must be a type such as invoice.paid, or a prefix such as invoice.*',
    )
    .optional()
    .transform((type) => (type === '*' ? undefined : type))
    .meta({ description: 'A type such as invoice.paid, or a prefix such as invoice.*' }),
});
export type ListBillingEvents = z.infer<typeof ListBillingEvents>;

export const BillingEventPosition = z.strictObject({ id: z.uuid() });
