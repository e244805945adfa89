import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: the plan catalogue. The words of a plan may change, what it costs may not: each wording is a version of its own, so
 * that whoever agreed to one keeps exactly that.
 * Lock: none that matters, both tables are new.
 * Undo: `down` drops both; plans are then forgotten, meters and usage stay.
 */
export class CreatePlans1763600004000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [PLANS, PLAN_VERSIONS, PRIVILEGES]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table plan_version, plan');
  }
}

const PLANS = `
  create table plan (
    key text primary key check (key ~ '^[a-z0-9][a-z0-9_.-]{0,63}$'),
    name text not null,
    description text not null,
    features jsonb not null,
    attributes jsonb not null,
    source text not null check (source in ('tallyhouse', 'scorpius', 'waybill')),
    position int not null,
    is_active boolean not null default true,
    created_at timestamptz not null default now()
  );
  create index plan_by_position on plan (position, key);
  comment on table plan is 'A commercial offer in words, which may change; what it costs stands in its versions.';
  comment on column plan.source is 'Whose list of plans it stands in; the doors of an original show only its own.';
  comment on column plan.is_active is 'Whether it is still offered; whoever has it keeps it.';`;

/** Prices are json, not jsonb: they come back in the order and the spelling they were written in. */
const PLAN_VERSIONS = `
  create table plan_version (
    id int generated always as identity primary key,
    plan_key text not null references plan (key),
    version int not null check (version > 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    interval_unit text not null check (interval_unit in ('hour', 'day', 'week', 'month', 'year')),
    interval_count int not null check (interval_count > 0),
    trial_days int not null check (trial_days >= 0),
    base_fee json,
    prices json not null,
    allowances json not null,
    created_at timestamptz not null default now(),
    unique (plan_key, version)
  );
  create trigger plan_version_is_append_only before update or delete on plan_version
    for each row execute function refuse_change();
  comment on table plan_version is 'What a plan costs and includes, frozen. Versions are appended.';
  comment on column plan_version.prices is 'By the key of a meter, in the wire shape of prices.';
  comment on column plan_version.allowances is 'By the key of a meter: included, limit, on_exceed, rollover.';`;

/** A plan is retired, never deleted: its versions explain what they charged. */
const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert, update on plan to tallyhouse_app;
      revoke delete on plan from tallyhouse_app;
      grant select, insert on plan_version to tallyhouse_app;
      revoke update, delete on plan_version from tallyhouse_app;
    end if;
  end $$;`;
