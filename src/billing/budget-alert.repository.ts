import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { AccountKey } from '../core/account-key';
import type { BudgetPeriod } from '../core/budget';
import { Database, type Sql } from '../platform/transaction';

/** A threshold of a budget that was reached, with all that is told of it. */
export interface BudgetAlert {
  readonly id: string;
  readonly budgetId: string;
  readonly period: BudgetPeriod;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  readonly threshold: number;
  readonly actualCents: bigint;
  readonly budgetCents: bigint;
  readonly currency: string;
  readonly createdAt: Date;
}

/** The same with what became of telling it. */
export interface StoredAlert extends BudgetAlert {
  readonly dispatchedAt: Date | null;
  readonly attempts: number;
  readonly lastError: string | null;
}

/** An alert with the account it is told about. */
export interface ToldAlert extends StoredAlert {
  readonly account: AccountKey;
}

/** Whose alert waits to be told; pages of them go on behind the last one. */
export interface PendingAlert {
  readonly bucket: number;
  readonly accountId: number;
  readonly id: string;
}

interface AlertRow {
  id: string;
  budget_id: string;
  period: BudgetPeriod;
  period_start: Date;
  period_end: Date;
  threshold: number;
  actual_cents: string;
  budget_cents: string;
  currency: string;
  created_at: Date;
  dispatched_at: Date | null;
  dispatch_attempts: number;
  last_error: string | null;
}

const WRITTEN =
  'id, budget_id, period, period_start, period_end, threshold, actual_cents, budget_cents, currency, created_at';
const COLUMNS = `${WRITTEN}, dispatched_at, dispatch_attempts, last_error`;

/** Once for each budget, period and threshold, whoever weighs them how often. */
const INSERT_ALERTS_ONCE = `
  insert into budget_alert (bucket, account_id, ${WRITTEN})
  select $1, $2, a.* from unnest($3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::int[],
    $9::bigint[], $10::bigint[], $11::text[], $12::timestamptz[]) as a(${WRITTEN})
  order by a.budget_id, a.period_start, a.threshold
  on conflict (bucket, account_id, budget_id, period_start, threshold) do nothing
  returning id`;

const LIST_LATEST = `
  select ${COLUMNS} from budget_alert where bucket = $1 and account_id = $2 order by id desc limit $3`;

const FIND_ALERT = `
  select b.*, a.key as account from budget_alert b join account a on a.id = b.account_id
  where b.bucket = $1 and b.account_id = $2 and b.id = $3`;

const LIST_PENDING = `
  select bucket, account_id, id from budget_alert
  where dispatched_at is null and (bucket, account_id, id) > ($1::smallint, $2::bigint, $3::uuid)
  order by bucket, account_id, id limit $4`;

/** Once told, it stays told. */
const NOTE_ATTEMPT = `
  update budget_alert
  set dispatch_attempts = dispatch_attempts + 1, last_error = $4, dispatched_at = coalesce(dispatched_at, $5)
  where bucket = $1 and account_id = $2 and id = $3`;

/** The rows of `budget_alert`. */
@Injectable()
export class BudgetAlertRepository {
  constructor(private readonly database: Database) {}

  /** Those that nobody had written before. */
  async add(sql: Sql, { bucket, id }: AccountRef, alerts: readonly BudgetAlert[]): Promise<BudgetAlert[]> {
    if (alerts.length === 0) return [];
    const rows = await sql.query<{ id: string }>(INSERT_ALERTS_ONCE, [
      bucket,
      id,
      alerts.map((alert) => alert.id),
      alerts.map((alert) => alert.budgetId),
      alerts.map((alert) => alert.period),
      alerts.map((alert) => alert.periodStart),
      alerts.map((alert) => alert.periodEnd),
      alerts.map((alert) => alert.threshold),
      alerts.map((alert) => alert.actualCents),
      alerts.map((alert) => alert.budgetCents),
      alerts.map((alert) => alert.currency),
      alerts.map((alert) => alert.createdAt),
    ]);
    const made = new Set(rows.map((row) => row.id));
    return alerts.filter((alert) => made.has(alert.id));
  }

  /** The newest first. */
  async latest({ bucket, id }: AccountRef, limit: number): Promise<StoredAlert[]> {
    return (await this.database.query<AlertRow>(LIST_LATEST, [bucket, id, limit])).map(alertOf);
  }

  async find({ bucket, accountId, id }: PendingAlert): Promise<ToldAlert | null> {
    const values = [bucket, accountId, id];
    const [row] = await this.database.query<AlertRow & { account: AccountKey }>(FIND_ALERT, values);
    return row ? { ...alertOf(row), account: row.account } : null;
  }

  /** A page of the alerts that are not delivered, behind the last one of the page before. */
  async pending({ bucket, accountId, id }: PendingAlert, limit: number): Promise<PendingAlert[]> {
    const values = [bucket, accountId, id, limit];
    const rows = await this.database.query<{ bucket: number; account_id: string; id: string }>(
      LIST_PENDING,
      values,
    );
    return rows.map((row) => ({ bucket: row.bucket, accountId: parseInt(row.account_id, 10), id: row.id }));
  }

  /** One more attempt: delivered at an instant, or failed for a reason. */
  async note(
    { bucket, accountId, id }: PendingAlert,
    outcome: { readonly deliveredAt: Date } | { readonly error: string },
  ): Promise<void> {
    const [error, at] = 'error' in outcome ? [outcome.error, null] : [null, outcome.deliveredAt];
    await this.database.query(NOTE_ATTEMPT, [bucket, accountId, id, error, at]);
  }
}

function alertOf(row: AlertRow): StoredAlert {
  return {
    id: row.id,
    budgetId: row.budget_id,
    period: row.period,
    periodStart: row.period_start,
    periodEnd: row.period_end,
    threshold: row.threshold,
    actualCents: BigInt(row.actual_cents),
    budgetCents: BigInt(row.budget_cents),
    currency: row.currency,
    createdAt: row.created_at,
    dispatchedAt: row.dispatched_at,
    attempts: row.dispatch_attempts,
    lastError: row.last_error,
  };
}
