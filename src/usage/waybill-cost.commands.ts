import { z } from 'zod';
import { UuidText } from './waybill-project';

export const COST_PERIODS = ['7d', '14d', '30d', '90d', '1y', 'mtd'] as const;
export type CostPeriod = (typeof COST_PERIODS)[number];

export const COST_GROUPS = ['metric', 'service', 'env', 'day'] as const;
export type CostGroup = (typeof COST_GROUPS)[number];

const PERIODS: ReadonlySet<string> = new Set(COST_PERIODS);
const GROUPS: ReadonlyMap<unknown, CostGroup> = new Map<unknown, CostGroup>([
  ...COST_GROUPS.map((group) => [group, group] as const),
  ['environment', 'env'],
]);

const Period = z
  .string()
  .transform((text) => text.toLowerCase())
  .refine((text): text is CostPeriod => PERIODS.has(text), `must be one of ${COST_PERIODS.join(', ')}`)
  .default('30d')
  .meta({
    enum: COST_PERIODS,
    description: 'So many days up to now, or the running month; in any case of letters.',
    example: 'mtd',
  });

const Group = z
  .unknown()
  .optional()
  .transform(
    (text): CostGroup => GROUPS.get(typeof text === 'string' ? text.toLowerCase() : text) ?? 'metric',
  )
  .meta({
    type: 'string',
    description: 'metric, service, env (or environment) or day; anything else is taken as metric.',
    example: 'service',
  });

/** The query of `GET /api/v1/projects/{project_id}/cost`. */
export const ProjectCostParameters = z.object({ period: Period, group_by: Group });

/** The query of `GET /api/v1/services/{service_id}/cost`. */
export const ServiceCostParameters = z.object({
  period: Period,
  project_id: UuidText.optional().meta({
    description: 'Where the service is. Needed for a service that is known by no deployment or volume.',
  }),
});

export const ServicePath = z.object({ service_id: UuidText });
