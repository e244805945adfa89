import { z } from 'zod';
import { doubleOfRatio } from '../core/double';
import { type AnswerOf, InstantText } from '../platform/doors/open-api-answer';
import { type Project, projectOf } from './waybill-project';
import { HistoryParameters } from './waybill-usage.commands';
import type { ProjectSummary } from './waybill-usage.service';

export const fromProjectPath = (path: unknown): Project => projectOf(path, 'invalid project ID');

export const fromHistoryQuery = (query: unknown): { months: number } => HistoryParameters.parse(query);

const ByMetric = z.record(z.string(), z.number());

export const UsageSummary = z
  .strictObject({
    project_id: z.string().meta({ format: 'uuid' }),
    period_start: InstantText,
    period_end: InstantText,
    metrics: ByMetric.meta({ description: 'What was used, by metric; what was not is left out.' }),
    costs: ByMetric.meta({ description: 'In USD, unrounded.' }),
    total_cost: z.number(),
    estimated_monthly: z.number().meta({ description: 'What 720 hours at this rate would cost.' }),
  })
  .meta({ id: 'WaybillUsageSummary', description: 'Of one calendar month, UTC, or of its part up to now.' });

export const UsageHistory = z.strictObject({
  project_id: z.string().meta({ format: 'uuid' }),
  periods: z.array(UsageSummary).meta({ description: 'The newest first.' }),
});

const instant = (ms: number): string => new Date(ms).toISOString();

/** Exact figures become doubles here and nowhere before. */
export function toWaybillSummary(
  project: string,
  { from, to, costs, totalCost, estimatedMonthly }: ProjectSummary,
): AnswerOf<typeof UsageSummary> {
  return {
    project_id: project,
    period_start: instant(from),
    period_end: instant(to),
    metrics: Object.fromEntries(costs.map(({ metric, quantity }) => [metric, doubleOfRatio(quantity)])),
    costs: Object.fromEntries(costs.map(({ metric, cost }) => [metric, doubleOfRatio(cost)])),
    total_cost: doubleOfRatio(totalCost),
    estimated_monthly: doubleOfRatio(estimatedMonthly),
  };
}

export function toWaybillHistory(
  project: string,
  summaries: readonly ProjectSummary[],
): AnswerOf<typeof UsageHistory> {
  return { project_id: project, periods: summaries.map((summary) => toWaybillSummary(project, summary)) };
}
