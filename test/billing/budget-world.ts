import { BudgetEvaluationService } from '../../src/billing/budget-evaluation.service';
import type { Config } from '../../src/platform/config';
import { withClient } from '../support/postgres';
import { UsageWorld } from '../support/usage-world';

/** An alert as its door shows it. */
export interface AlertAnswer {
  readonly id: string;
  readonly budget_id: string;
  readonly period_start: string;
  readonly period_end: string;
  readonly threshold: number;
  readonly actual_cents: number;
  readonly budget_cents: number;
  readonly dispatched_at: string | null;
  readonly dispatch_attempts: number;
  readonly last_error: string | null;
}

export interface BudgetAnswer {
  readonly id: string;
  readonly project_id: string;
  readonly amount_cents: number;
  readonly period: string;
  readonly alert_thresholds: number[];
  readonly hard_throttle: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface ThrottleAnswer {
  readonly budget_id: string;
  readonly reason: string;
  readonly env_scope: string;
}

let projects = 0;

/** A project nobody has heard of. */
export function newProject(): string {
  return `7c9e6679-7425-40de-944b-${String(++projects).padStart(12, '0')}`;
}

/** A project with a clock that stands still: what it spends, its budgets, and what came of them. */
export class BudgetWorld {
  private constructor(readonly usage: UsageWorld) {}

  static async at(now: string, overrides: Partial<Config> = {}): Promise<BudgetWorld> {
    return new BudgetWorld(await UsageWorld.at(now, overrides));
  }

  get admin() {
    return this.usage.admin;
  }

  /** A gigabyte of traffic costs ten cents. */
  async spend(project: string, cents: number, at: string): Promise<void> {
    const quantity = (cents / 10).toFixed(1);
    await this.usage.record(`project:${project}`, [{ type: 'bandwidth.usage', at, quantity }]);
  }

  async budget(project: string, body: object = {}): Promise<BudgetAnswer> {
    const wanted = { amount_cents: 10_000, period: 'monthly', ...body };
    const answer = await this.admin.post<BudgetAnswer>(`/api/v1/projects/${project}/budgets`, wanted);
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  }

  change(project: string, id: string, body: object) {
    const content = { body, contentType: 'application/json' };
    return this.admin.send<BudgetAnswer>('PATCH', `/api/v1/projects/${project}/budgets/${id}`, content);
  }

  remove(project: string, id: string) {
    return this.admin.send('DELETE', `/api/v1/projects/${project}/budgets/${id}`);
  }

  /** One turn of the job. */
  evaluate(): Promise<void> {
    return this.usage.app.app.get(BudgetEvaluationService, { strict: false }).evaluateAll();
  }

  async alerts(project: string): Promise<AlertAnswer[]> {
    const path = `/api/v1/projects/${project}/budgets/alerts`;
    return (await this.admin.get<{ alerts: AlertAnswer[] }>(path)).body.alerts;
  }

  /** The thresholds that were told of, the first first. */
  async told(project: string): Promise<number[]> {
    return (await this.alerts(project)).map(({ threshold }) => threshold).reverse();
  }

  async throttles(project: string): Promise<ThrottleAnswer[]> {
    const path = `/api/v1/projects/${project}/throttles`;
    return (await this.admin.get<{ throttles: ThrottleAnswer[] }>(path)).body.throttles;
  }

  /** Why the throttles of a project ended, the first first. */
  async cleared(project: string): Promise<string[]> {
    const text = `select t.cleared_by from throttle t join account a on a.id = t.account_id
      where a.key = $1 and t.cleared_at is not null order by t.id`;
    return withClient(this.usage.app.databaseUrl, async (client) => {
      const { rows } = await client.query<{ cleared_by: string }>(text, [`project:${project}`]);
      return rows.map(({ cleared_by }) => cleared_by);
    });
  }

  close(): Promise<void> {
    return this.usage.close();
  }
}
