import { z } from 'zod';
import { doubleOfRatio } from '../core/double';
import type { Estimate, WorkloadSpecs } from '../core/estimate';
import type { PlanVersion } from '../core/plan';
import { quantityRatio } from '../core/quantity';
import { divideRatios, multiplyRatios, ratio, type Ratio, RATIO_ONE } from '../core/ratio';
import type { AnswerOf } from '../platform/doors/open-api-answer';
import type { OfferedPlan } from './stored-plan';
import { EstimateBody, EstimateWorkload } from './waybill-plan.commands';

export const fromWaybillEstimate = (body: unknown): WorkloadSpecs => EstimateWorkload.parse(body);

/** What a word of Waybill's means in the catalogue: a meter, and how many of its units are one of Waybill's. */
interface Metered {
  readonly meter: string;
  readonly units: Ratio;
}

/** GB-hours in a GB-month, whatever the month (TR-12). */
const GB_MONTH = ratio(720n);
const INCLUDES = {
  compute_gb_hours: { meter: 'compute_gb_hours', units: RATIO_ONE },
  build_minutes: { meter: 'build_minutes', units: RATIO_ONE },
  storage_gb: { meter: 'storage_gb_hours', units: GB_MONTH },
  bandwidth_gb: { meter: 'bandwidth_gb', units: RATIO_ONE },
} as const satisfies Record<string, Metered>;
const OVERAGE = {
  compute_per_gb_hour: INCLUDES.compute_gb_hours,
  build_per_minute: INCLUDES.build_minutes,
  storage_per_gb: INCLUDES.storage_gb,
  bandwidth_per_gb: INCLUDES.bandwidth_gb,
} as const satisfies Record<string, Metered>;
const DOMAINS: Metered = { meter: 'custom_domains', units: RATIO_ONE };
const TEAM_MEMBERS = 'team_members';

const Numbers = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, z.number().optional()])) as Record<
    Name,
    z.ZodOptional<z.ZodNumber>
  >;

const WaybillPlan = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    price_monthly: z.number(),
    includes: z.strictObject({
      ...Numbers(Object.keys(INCLUDES) as (keyof typeof INCLUDES)[]),
      custom_domains: z.union([z.number(), z.literal('unlimited')]).optional(),
      team_members: z.number().optional(),
    }),
    overage: z.strictObject(Numbers(Object.keys(OVERAGE) as (keyof typeof OVERAGE)[])),
    features: z.array(z.string()).optional(),
  })
  .meta({ id: 'WaybillPlan', description: 'In USD; a GB of storage is one GB for a month of 720 hours.' });
export const WaybillPlansAnswer = z.strictObject({ plans: z.array(WaybillPlan) });

type WaybillPlan = AnswerOf<typeof WaybillPlan>;

/** Waybill's list of plans, from the catalogue; what a plan does not say is left out. */
export function toWaybillPlans(plans: readonly OfferedPlan[]): AnswerOf<typeof WaybillPlansAnswer> {
  return { plans: plans.map(toWaybillPlan) };
}

function toWaybillPlan({ plan, latest }: OfferedPlan): WaybillPlan {
  const { key: id, name, description, features, attributes } = plan;
  const members = attributes[TEAM_MEMBERS];
  return {
    ...{ id, name, description },
    price_monthly: latest.baseFee === null ? 0 : doubleOfRatio(quantityRatio(latest.baseFee.amount)),
    includes: {
      ...numbers(INCLUDES, (metered) => includedOf(latest, metered)),
      ...domainsOf(latest),
      ...(members === undefined || !/^\d{1,9}$/.test(members) ? {} : { team_members: parseInt(members, 10) }),
    },
    overage: numbers(OVERAGE, (metered) => overageOf(latest, metered)),
    ...(features.length === 0 ? {} : { features }),
  };
}

function numbers<Name extends string>(
  table: Readonly<Record<Name, Metered>>,
  valueOf: (metered: Metered) => Ratio | null,
): Partial<Record<Name, number>> {
  const entries = Object.entries<Metered>(table).flatMap(([name, metered]) => {
    const value = valueOf(metered);
    return value === null ? [] : [[name, doubleOfRatio(value)] as const];
  });
  return Object.fromEntries(entries) as Partial<Record<Name, number>>;
}

function includedOf({ allowances }: PlanVersion, { meter, units }: Metered): Ratio | null {
  const allowance = allowances.get(meter);
  const included = allowance?.included ?? allowance?.limit ?? null;
  return included === null ? null : divideRatios(quantityRatio(included), units);
}

/** Only a price per unit can be said in one number. */
function overageOf({ prices }: PlanVersion, { meter, units }: Metered): Ratio | null {
  const price = prices.get(meter);
  if (price?.model !== 'per_unit') return null;
  const perUnit = divideRatios(quantityRatio(price.amount), quantityRatio(price.perQuantity));
  return multiplyRatios(perUnit, units);
}

function domainsOf(version: PlanVersion): Pick<WaybillPlan['includes'], 'custom_domains'> {
  if (!version.allowances.has(DOMAINS.meter)) return {};
  const included = includedOf(version, DOMAINS);
  return { custom_domains: included === null ? 'unlimited' : doubleOfRatio(included) };
}

const Specs = z.strictObject({
  replicas: z.int(),
  cpu_millicores: z.int(),
  memory_mb: z.int(),
  storage_gb: z.number(),
  avg_build_minutes: z.number(),
});
export const EstimateAnswer = z
  .strictObject({
    specs: Specs,
    compute_hourly: z.number(),
    compute_monthly: z.number(),
    storage_monthly: z.number(),
    build_cost_per_build: z.number(),
    total_monthly: z.number(),
  })
  .meta({ id: 'Estimate', description: 'In USD, unrounded; a month has 720 hours and 30 builds.' });
export const EstimateRequest = EstimateBody.meta({
  id: 'EstimateSpecs',
  description: 'What is missing is 0.',
});

/** The specs come back beside what they would cost. */
export function toWaybillEstimate(specs: WorkloadSpecs, estimate: Estimate): AnswerOf<typeof EstimateAnswer> {
  return {
    specs: {
      replicas: specs.replicas,
      cpu_millicores: specs.cpuMillicores,
      memory_mb: specs.memoryMb,
      storage_gb: specs.storageGb,
      avg_build_minutes: specs.averageBuildMinutes,
    },
    compute_hourly: doubleOfRatio(estimate.computeHourly),
    compute_monthly: doubleOfRatio(estimate.computeMonthly),
    storage_monthly: doubleOfRatio(estimate.storageMonthly),
    build_cost_per_build: doubleOfRatio(estimate.buildCostPerBuild),
    total_monthly: doubleOfRatio(estimate.totalMonthly),
  };
}
