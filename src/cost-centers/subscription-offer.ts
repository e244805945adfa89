import { z } from 'zod';
import { parseDiscounts, parseTaxes } from '../core/agreement-shape';
import { overridesText, parseOverrides } from '../core/card-overrides';
import { parseInstant } from '../core/instant';
import { PLAN_KEY_PATTERN, TRIAL_DAYS_MAX } from '../core/plan';
import { parseQuantity, ZERO } from '../core/quantity';
import { invalid } from '../core/errors';
import { parsedBy } from '../platform/doors/parsed-by';

/** When a change of terms takes effect: a word, or milliseconds since 1970. */
export const Effective = parsedBy(z.string().max(40), (text, field): 'now' | 'period_end' | number =>
  text === 'now' || text === 'period_end' ? text : parseInstant(text, field),
);

const Tax = z.strictObject({ name: z.string(), percent: z.string(), inclusive: z.boolean().optional() });
const Discount = z.strictObject({
  name: z.string(),
  percent: z.string().nullish(),
  amount: z.string().nullish(),
  ends_at: z.string().nullish(),
});

/** Any JSON for a reader of core, described for readers of the document. */
const read = <T>(shape: z.ZodType, description: string, parse: (json: unknown, field: string) => T) =>
  parsedBy(z.unknown(), parse).meta({ ...z.toJSONSchema(shape, { io: 'input' }), description });

export const AgreedExtras = {
  taxes: read(
    z.array(Tax),
    'Rates charged on the sum of an invoice; all inclusive or all exclusive. Left out = as before.',
    parseTaxes,
  ).optional(),
  discounts: read(
    z.array(Discount),
    'Off the sum of each invoice, after prices and before tax, one after the other: a percent or an amount. Left out = as before.',
    parseDiscounts,
  ).optional(),
  invoice_at: parsedBy(z.string().max(40), (text, field) => {
    const amount = parseQuantity(text, field);
    if (amount <= ZERO) throw invalid(field, 'must be above zero');
    return amount;
  })
    .nullable()
    .optional()
    .meta({
      description:
        'Once so much is owed and not invoiced, an invoice is made within the period. Left out = as before.',
    }),
};

/** The body of `PUT /api/v1/accounts/{key}/subscription`. */
export const PutSubscription = z
  .strictObject({
    plan: z.string().regex(new RegExp(PLAN_KEY_PATTERN), 'must be the key of a plan'),
    version: z.int().min(1).optional().meta({ description: 'Of the plan. Left out = the newest.' }),
    effective: Effective.default('now').meta({
      description:
        '`now`, `period_end`, or an instant that is not past. The first plan of an account may begin at any instant of the running period.',
    }),
    trial_days: z.int().min(0).max(TRIAL_DAYS_MAX).optional().meta({
      description: 'Left out = those of the plan, for an account that has had no plan to pay for.',
    }),
    overrides: read(
      z.record(z.string(), z.unknown()),
      '`base_fee`, `prices`, `allowances` and `entitlements` this account has instead of those of the plan; null takes one away. Left out = none.',
      (json, field) => overridesText(parseOverrides(json, field)),
    ).optional(),
    ...AgreedExtras,
  })
  .transform(({ trial_days: trialDays, invoice_at: invoiceAt, overrides, ...rest }) => ({
    ...rest,
    trialDays,
    invoiceAt,
    overrides: overrides ?? null,
  }));
export type PutSubscription = z.infer<typeof PutSubscription>;
