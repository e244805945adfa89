import type { BudgetAlert } from './budget-alert.repository';

/** What an alert says, for readers of billing events; amounts are cents as text. */
export function alertFacts(alert: BudgetAlert): Readonly<Record<string, unknown>> {
  return {
    alert_id: alert.id,
    budget_id: alert.budgetId,
    period: alert.period,
    period_start: alert.periodStart.toISOString(),
    period_end: alert.periodEnd.toISOString(),
    threshold: alert.threshold,
    actual_cents: String(alert.actualCents),
    budget_cents: String(alert.budgetCents),
    currency: alert.currency,
  };
}
