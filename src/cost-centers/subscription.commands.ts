import { z } from 'zod';

/** The query of `DELETE /api/v1/accounts/{key}/subscription`. */
export const CancelSubscription = z.strictObject({
  at: z.enum(['period_end', 'now']).default('period_end').meta({
    description: '`now` settles usage and gives back the unused share of what is billed ahead.',
  }),
});
export type CancelSubscription = z.infer<typeof CancelSubscription>;

export const CloseAccount = z.strictObject({
  reason: z.string().max(500).optional(),
});
