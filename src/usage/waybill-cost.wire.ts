import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import { doubleOfRatio } from '../core/double';
import { ratio } from '../core/ratio';
import { type AnswerOf, InstantText } from '../platform/doors/open-api-answer';
import {
  COST_GROUPS,
  type CostGroup,
  type CostPeriod,
  ProjectCostParameters,
  ServiceCostParameters,
  ServicePath,
} from './waybill-cost.commands';
import type { CostDay, CostEntry, CostReport } from './waybill-cost.service';
import { projectOf, uuidOf } from './waybill-project';

const WRONG_PROJECT = 'invalid project_id';

export const fromProjectCostPath = (path: unknown) => projectOf(path, WRONG_PROJECT);

export function fromProjectCostQuery(query: unknown): { period: CostPeriod; groupBy: CostGroup } {
  const { period, group_by: groupBy } = ProjectCostParameters.parse(query);
  return { period, groupBy };
}

export const fromServicePath = (path: unknown): string =>
  uuidOf(ServicePath.parse(path).service_id, 'invalid service_id');

export function fromServiceCostQuery(query: unknown): { period: CostPeriod; project: AccountKey | null } {
  const { period, project_id } = ServiceCostParameters.parse(query);
  return {
    period,
    project: project_id === undefined ? null : projectOf({ project_id }, WRONG_PROJECT).account,
  };
}

const Id = z.string().meta({ format: 'uuid' });

export const ProjectCostAnswer = z
  .strictObject({
    project_id: Id,
    period_start: InstantText,
    period_end: InstantText,
    total_cents: z.int(),
    group_by: z.enum(COST_GROUPS),
    series: z
      .array(
        z.strictObject({
          bucket: InstantText.meta({ description: 'The beginning of a day, UTC.' }),
          cost_cents: z.int(),
          by_metric: z.record(z.string(), z.int()),
        }),
      )
      .nullable()
      .meta({ description: 'Every day from the first to the last, when grouped by day.' }),
    breakdown: z
      .array(z.strictObject({ key: z.string(), cost_cents: z.int() }))
      .nullable()
      .meta({ description: 'The dearest first; what rounds to nothing is left out.' }),
  })
  .meta({ id: 'WaybillCost', description: 'In cents of USD; the parts add up to the total.' });

export const ServiceCostAnswer = z
  .strictObject({ service_id: Id, period_start: InstantText, period_end: InstantText, total_cents: z.int() })
  .meta({ id: 'WaybillServiceCost' });

const MS_PER_DAY = 86_400_000;
const instant = (ms: number): string => new Date(ms).toISOString();
const numberOf = (cents: bigint): number => doubleOfRatio(ratio(cents));

export function toWaybillCost(project: string, report: CostReport): AnswerOf<typeof ProjectCostAnswer> {
  return {
    project_id: project,
    period_start: instant(report.from),
    period_end: instant(report.to),
    total_cents: numberOf(report.totalCents),
    group_by: report.groupBy,
    series: report.series && report.series.map(toPoint),
    breakdown:
      report.breakdown && report.breakdown.map(({ key, cents }) => ({ key, cost_cents: numberOf(cents) })),
  };
}

function toPoint({ from, cents, byMetric }: CostDay) {
  return {
    bucket: instant(from - (from % MS_PER_DAY)),
    cost_cents: numberOf(cents),
    by_metric: Object.fromEntries(byMetric.map((entry: CostEntry) => [entry.key, numberOf(entry.cents)])),
  };
}

export function toWaybillServiceCost(
  service: string,
  { from, to, totalCents }: Pick<CostReport, 'from' | 'to' | 'totalCents'>,
): AnswerOf<typeof ServiceCostAnswer> {
  return {
    service_id: service,
    period_start: instant(from),
    period_end: instant(to),
    total_cents: numberOf(totalCents),
  };
}
