import { z } from 'zod';
import { BUDGET_PERIODS } from '../core/budget';
import { doubleOfRatio } from '../core/double';
import { ratio } from '../core/ratio';
import { type AnswerOf, InstantText } from '../platform/doors/open-api-answer';
import { projectIdOf, type Project, projectOf, uuidOf } from '../usage/waybill-project';
import type { StoredAlert, ToldAlert } from './budget-alert.repository';
import {
  BudgetPath,
  ChangeBudget,
  ChangeBudgetBody,
  CreateBudget,
  CreateBudgetBody,
} from './budget.commands';
import type { Budget } from './budget.repository';
import type { BudgetName } from './budget.service';
import type { Throttle } from './throttle.repository';

const WRONG_PROJECT = 'invalid project_id';

export const fromBudgetsPath = (path: unknown): Project => projectOf(path, WRONG_PROJECT);

/** The budget that a path names, and its project. Throws `invalid-argument` for what is no uuid. */
export function fromBudgetPath(path: unknown): { project: Project; name: BudgetName } {
  const project = fromBudgetsPath(path);
  const id = uuidOf(BudgetPath.parse(path).budget_id, 'invalid budget_id');
  return { project, name: { account: project.account, id } };
}

export const fromCreateBudget = (body: unknown): CreateBudget => CreateBudget.parse(body);

/** No body changes nothing, like an empty one. */
export const fromChangeBudget = (body: unknown): ChangeBudget => ChangeBudget.parse(body ?? {});

export const NewBudget = CreateBudgetBody.meta({ id: 'NewWaybillBudget' });
export const BudgetChange = ChangeBudgetBody.meta({ id: 'WaybillBudgetChange' });

const Id = z.string().meta({ format: 'uuid' });
const Cents = z.int();

export const BudgetAnswer = z
  .strictObject({
    id: Id,
    project_id: Id,
    amount_cents: Cents,
    currency: z.string(),
    period: z.enum(BUDGET_PERIODS),
    alert_thresholds: z.array(z.int()),
    hard_throttle: z.boolean(),
    created_at: InstantText,
    updated_at: InstantText,
  })
  .meta({ id: 'WaybillBudget', description: 'What a project may cost in each period, UTC.' });
export const BudgetsAnswer = z.strictObject({ budgets: z.array(BudgetAnswer) });

const Alert = z
  .strictObject({
    id: Id,
    budget_id: Id,
    project_id: Id,
    period_start: InstantText,
    period_end: InstantText,
    threshold: z.int(),
    actual_cents: Cents,
    budget_cents: Cents,
    dispatched_at: InstantText.nullable().meta({ description: 'Null until the receiver has it.' }),
    dispatch_attempts: z.int(),
    last_error: z.string().nullable(),
    created_at: InstantText,
  })
  .meta({ id: 'WaybillBudgetAlert' });
export const AlertsAnswer = z.strictObject({ alerts: z.array(Alert) });

const ThrottleShape = z
  .strictObject({
    id: Id,
    project_id: Id,
    reason: z.string(),
    budget_id: Id,
    env_scope: z.string(),
    activated_at: InstantText,
    cleared_at: z.null(),
    cleared_by: z.null(),
  })
  .meta({ id: 'WaybillThrottle' });
export const ThrottlesAnswer = z.strictObject({ throttles: z.array(ThrottleShape) });

export function toWaybillBudget(project: string, budget: Budget): AnswerOf<typeof BudgetAnswer> {
  return {
    id: budget.id,
    project_id: project,
    amount_cents: numberOf(budget.amountCents),
    currency: budget.currency,
    period: budget.period,
    alert_thresholds: budget.thresholds,
    hard_throttle: budget.hardThrottle,
    created_at: budget.createdAt.toISOString(),
    updated_at: budget.updatedAt.toISOString(),
  };
}

export function toWaybillBudgets(
  project: string,
  budgets: readonly Budget[],
): AnswerOf<typeof BudgetsAnswer> {
  return { budgets: budgets.map((budget) => toWaybillBudget(project, budget)) };
}

export function toWaybillAlerts(
  project: string,
  alerts: readonly StoredAlert[],
): AnswerOf<typeof AlertsAnswer> {
  return {
    alerts: alerts.map((alert) => ({
      id: alert.id,
      budget_id: alert.budgetId,
      project_id: project,
      period_start: alert.periodStart.toISOString(),
      period_end: alert.periodEnd.toISOString(),
      threshold: alert.threshold,
      actual_cents: numberOf(alert.actualCents),
      budget_cents: numberOf(alert.budgetCents),
      dispatched_at: alert.dispatchedAt?.toISOString() ?? null,
      dispatch_attempts: alert.attempts,
      last_error: alert.lastError,
      created_at: alert.createdAt.toISOString(),
    })),
  };
}

export function toWaybillThrottles(
  project: string,
  throttles: readonly Throttle[],
): AnswerOf<typeof ThrottlesAnswer> {
  return {
    throttles: throttles.map((throttle) => ({
      id: throttle.id,
      project_id: project,
      reason: throttle.reason,
      budget_id: throttle.budgetId,
      env_scope: throttle.envScope,
      activated_at: throttle.activatedAt.toISOString(),
      cleared_at: null,
      cleared_by: null,
    })),
  };
}

/** Cents are kept within what a JSON number can say exactly. */
const numberOf = (cents: bigint): number => doubleOfRatio(ratio(cents));

/** What the receiver of alerts is told. The words of an alert never change, so every attempt is the same text. */
export function toAlertCall(alert: ToldAlert): object {
  return {
    alert_id: alert.id,
    project_id: projectIdOf(alert.account),
    budget_id: alert.budgetId,
    period: alert.period,
    period_start: alert.periodStart.toISOString(),
    period_end: alert.periodEnd.toISOString(),
    threshold_crossed: alert.threshold,
    actual_cents: numberOf(alert.actualCents),
    budget_cents: numberOf(alert.budgetCents),
    currency: alert.currency,
  };
}
