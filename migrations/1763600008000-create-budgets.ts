import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: what a project may cost in a month, week or quarter, who was told that it costs more, and what is slowed down for it.
 * Lock: none that matters, every table is new.
 * Undo: `down` drops them; alerts that were not delivered are then gone for good.
 */
export class CreateBudgets1763600008000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [BUDGETS, ALERTS, THROTTLES, PRIVILEGES]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table throttle, budget_alert, budget');
  }
}

const PERIODS = `('monthly', 'weekly', 'quarterly')`;

const BUDGETS = `
  create table budget (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    amount_cents bigint not null check (amount_cents > 0),
    currency text not null,
    period text not null check (period in ${PERIODS}),
    alert_thresholds int[] not null check (cardinality(alert_thresholds) > 0),
    hard_throttle boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (bucket, account_id, id),
    unique (bucket, account_id, period)
  );
  comment on table budget is 'What a project may cost in each month, week or quarter (UTC): one budget for each kind of period.';
  comment on column budget.alert_thresholds is 'In percent, ascending, each once.';`;

/** An alert says all that is told of it, so that it is told in the same words however late, and after its budget is gone. */
const ALERTS = `
  create table budget_alert (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    budget_id uuid not null,
    period text not null check (period in ${PERIODS}),
    period_start timestamptz not null,
    period_end timestamptz not null,
    threshold int not null check (threshold between 1 and 500),
    actual_cents bigint not null,
    budget_cents bigint not null,
    currency text not null,
    dispatched_at timestamptz,
    dispatch_attempts int not null default 0,
    last_error text,
    created_at timestamptz not null,
    primary key (bucket, account_id, id),
    unique (bucket, account_id, budget_id, period_start, threshold)
  );
  create index budget_alert_pending on budget_alert (bucket, account_id, id) where dispatched_at is null;
  comment on table budget_alert is 'A threshold of a budget was reached: once for each budget, period and threshold.';
  comment on column budget_alert.dispatched_at is 'When the receiver had answered that it has it; null = it has to be told yet.';`;

const THROTTLES = `
  create table throttle (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    env_scope text not null,
    reason text not null,
    budget_id uuid not null,
    period_start timestamptz not null,
    activated_at timestamptz not null,
    cleared_at timestamptz,
    cleared_by text,
    primary key (bucket, account_id, id),
    check ((cleared_at is null) = (cleared_by is null))
  );
  create unique index throttle_active on throttle (bucket, account_id, env_scope) where cleared_at is null;
  comment on table throttle is 'What of a project is slowed down, since when and until when; at most one at a time for each scope.';
  comment on column throttle.period_start is 'The period of the budget that was spent.';
  comment on column throttle.cleared_by is 'Why it ended: new_period, budget_raised, budget_changed, budget_deleted, spend_below.';`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert, update, delete on budget to tallyhouse_app;
      grant select, insert, update on budget_alert, throttle to tallyhouse_app;
      revoke delete on budget_alert, throttle from tallyhouse_app;
    end if;
  end $$;`;
