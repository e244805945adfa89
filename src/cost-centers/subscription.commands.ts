import { z } from 'zod';
import { Effective } from './subscription-offer';

/** The query of `DELETE /api/v1/accounts/{key}/subscription`. */
export const CancelSubscription = z.strictObject({
  at: Effective.default('period_end').meta({
    description:
      '`period_end` (when left out), `now`, or an instant that is not past. `now` settles usage and gives back the unused share of what is billed ahead.',
  }),
});
export type CancelSubscription = z.infer<typeof CancelSubscription>;

export const CloseAccount = z.strictObject({
  reason: z.string().max(500).optional(),
});
