import { z } from 'zod';
import { BILLING_STRATEGIES, SPENDING_LIMIT_MAX } from '../core/cost-center';

/** Who bills an account, and what it may spend in a cycle. */
export const PutCostCenterBody = z.strictObject({
  strategy: z.enum(BILLING_STRATEGIES),
  spending_limit: z.int().min(0).max(SPENDING_LIMIT_MAX).meta({ description: 'Whole credits a cycle.' }),
  version: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'Only when this is the version in force: nobody’s change is overwritten unseen.' }),
});
