import { z } from 'zod';
import { PLAN_COUNT_MAX, PLAN_KEY_PATTERN, PLAN_SOURCES, TRIAL_DAYS_MAX } from '../core/plan';
import { METER_KEY_PATTERN } from '../core/meter';
import {
  ENTITLEMENT_TEXT_MAX,
  PLAN_DESCRIPTION_MAX,
  PLAN_FEATURES_MAX,
  PLAN_NAME_MAX,
  PLAN_POSITION_MAX,
} from '../core/plan-shape';
import { DecimalText } from '../platform/doors/open-api-answer';
import { PriceJson } from './price-description';

/**
 * How a plan looks, for the API document. Plans are read by core, as prices are, because its refusals say more than a
 * schema can; a test holds this description against what core reads and writes.
 */

const Units = DecimalText.nullable().meta({ description: 'In units of the meter; not negative.' });

const Rollover = z.strictObject({
  maximum: Units.meta({ description: 'The most that one period hands to the next; null = all of it.' }),
});
const Allowance = z.strictObject({
  included: Units.meta({ description: 'Costs nothing. Null = everything up to the limit, or everything.' }),
  limit: Units.meta({ description: 'Null = unlimited.' }),
  on_exceed: z.enum(['bill', 'flag', 'refuse']).meta({
    description:
      'Beyond the limit, or beyond what is included: `bill` counts and charges, `flag` counts and records the crossing, `refuse` does not let it happen.',
  }),
  rollover: Rollover.nullable().meta({ description: 'Null = what is not used lapses with the period.' }),
});
const AllowanceInput = Allowance.extend({ rollover: Rollover.partial().nullable() }).partial();

export const PLAN_KEY = z
  .string()
  .regex(new RegExp(PLAN_KEY_PATTERN), 'must begin with a lower-case letter or digit and be at most 64 long');

/** Everything a plan says in words. */
export const PLAN_LABELS = {
  key: PLAN_KEY,
  name: z.string().min(1).max(PLAN_NAME_MAX),
  description: z.string().max(PLAN_DESCRIPTION_MAX),
  features: z.array(z.string().min(1).max(PLAN_NAME_MAX)).max(PLAN_FEATURES_MAX),
  attributes: z
    .record(z.string(), z.string().max(PLAN_NAME_MAX))
    .meta({ description: 'Facts for people that no meter measures, such as `team_members`.' }),
  source: z.enum(PLAN_SOURCES).meta({ description: 'Whose list of plans it stands in.' }),
  position: z.int().min(0).max(PLAN_POSITION_MAX).meta({ description: 'Plans are listed by it.' }),
};

const ByMeter = <Value extends z.ZodType>(value: Value) => z.record(z.string(), value);

const Entitlements = z.record(
  z.string().regex(new RegExp(METER_KEY_PATTERN)),
  z.union([z.boolean(), z.string().min(1).max(ENTITLEMENT_TEXT_MAX)]),
);

/** Everything that a plan version freezes. */
export const PLAN_WORDING = {
  currency: z.string().meta({ description: 'ISO 4217; every amount of the plan is in it.' }),
  interval: z.enum(['hour', 'day', 'week', 'month', 'year']),
  interval_count: z.int().min(1).max(PLAN_COUNT_MAX),
  trial_days: z
    .int()
    .min(0)
    .max(TRIAL_DAYS_MAX)
    .meta({ description: 'Nothing is billed before they are over.' }),
  base_fee: PriceJson.nullable().meta({ description: 'A flat price per period; null = none.' }),
  prices: ByMeter(PriceJson).meta({ description: 'By meter. Use of any other is recorded and not billed.' }),
  allowances: ByMeter(Allowance).meta({ description: 'By meter.' }),
  entitlements: Entitlements.meta({
    description:
      'What no meter measures and the plan grants, by name: granted or not, or a text. No name of a meter with an allowance.',
  }),
};

const PlanInput = z
  .strictObject({ ...PLAN_LABELS, ...PLAN_WORDING, allowances: ByMeter(AllowanceInput) })
  .partial({
    key: true,
    description: true,
    features: true,
    attributes: true,
    source: true,
    position: true,
    interval: true,
    interval_count: true,
    trial_days: true,
    base_fee: true,
    prices: true,
    allowances: true,
    entitlements: true,
  });

/** Any JSON for a reader of core, a plan for readers of the document. */
export const PlanJson = z.unknown().meta({
  id: 'PlanOffer',
  description: 'What a plan costs and includes. The key stands in the path; here it may be left out.',
  ...z.toJSONSchema(PlanInput, { io: 'input' }),
});
