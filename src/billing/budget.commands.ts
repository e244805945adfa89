import { z } from 'zod';
import { BUDGET_PERIODS, thresholdsOf } from '../core/budget';
import { UuidText } from '../usage/waybill-project';

/** Up to here cents are exact on a wire of JSON numbers. */
const CENTS_MAX = 1_000_000_000_000_000;
const THRESHOLDS_MAX = 100;

export const BudgetPath = z.object({ project_id: UuidText, budget_id: UuidText });

const Cents = z.int().min(1, 'must be above 0').max(CENTS_MAX);
const Thresholds = z
  .array(z.int())
  .max(THRESHOLDS_MAX)
  .nullish()
  .meta({
    description: 'In percent. Those from 1 to 500 count, each once; when none is left, 50, 80 and 100.',
    example: [50, 80, 100],
  });
const HardThrottle = z
  .boolean()
  .nullish()
  .meta({ description: 'Whether a threshold of 100 or more that is reached slows the project down.' });

/** The body of a new budget; fields it does not know are ignored, as its clients are used to. */
export const CreateBudgetBody = z.object({
  amount_cents: Cents,
  period: z.enum(BUDGET_PERIODS),
  currency: z
    .literal('USD', 'must be USD: it is what projects are charged in')
    .nullish()
    .meta({ description: 'By default USD.' }),
  alert_thresholds: Thresholds,
  hard_throttle: HardThrottle,
});

export const CreateBudget = CreateBudgetBody.transform((body) => ({
  amountCents: BigInt(body.amount_cents),
  period: body.period,
  currency: 'USD',
  thresholds: thresholdsOf(body.alert_thresholds ?? []),
  hardThrottle: body.hard_throttle ?? true,
}));
export type CreateBudget = z.infer<typeof CreateBudget>;

export const ChangeBudgetBody = z.object({
  amount_cents: Cents.nullish(),
  alert_thresholds: Thresholds,
  hard_throttle: HardThrottle,
});

/** What is to be changed; null stays as it is. */
export const ChangeBudget = ChangeBudgetBody.transform((body) => ({
  amountCents: body.amount_cents ? BigInt(body.amount_cents) : null,
  thresholds: body.alert_thresholds ? thresholdsOf(body.alert_thresholds) : null,
  hardThrottle: body.hard_throttle ?? null,
}));
export type ChangeBudget = z.infer<typeof ChangeBudget>;
