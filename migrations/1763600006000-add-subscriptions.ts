import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: accounts agree to plan versions from an instant on, may be closed, and may live by a test clock.
 * Lock: the tables are altered for an instant: columns without a default, or with one that Postgres keeps in the catalogue.
 * Undo: `down` drops the columns and the clocks; what accounts had agreed to is then forgotten.
 */
export class AddSubscriptions1763600006000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [TERMS, CLOCKS, ACCOUNTS, PRIVILEGES]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table account drop column closed_at, drop column test_clock_id;
      drop table test_clock;
      alter table terms drop column plan_version_id, drop column trial_ends_at, drop column overrides, drop column taxes,
        drop column discounts, drop column invoice_at`);
  }
}

const TERMS = `
  alter table terms
    add column plan_version_id int,
    add column trial_ends_at timestamptz,
    add column overrides json,
    add column taxes json not null default '[]',
    add column discounts json not null default '[]',
    add column invoice_at numeric(38,15);
  comment on table terms is 'What an account agreed to from an instant on: calendar, plan version, taxes, discounts. Versions are appended.';
  comment on column terms.plan_version_id is 'Null = nothing is billed.';
  comment on column terms.overrides is 'What this account has instead of the wording of its plan, in the wire shape of plans.';
  comment on column terms.invoice_at is 'Once so much (major units) is owed and not invoiced, an invoice is made within the period. Null = at its end only.';`;

const CLOCKS = `
  create table test_clock (
    id uuid primary key,
    name text not null,
    now_at timestamptz not null,
    created_at timestamptz not null default now()
  );
  comment on table test_clock is 'The time by which accounts attached to it live, moved by hand.';`;

const ACCOUNTS = `
  alter table account add column closed_at timestamptz, add column test_clock_id uuid;
  create index account_by_test_clock on account (test_clock_id) where test_clock_id is not null;
  comment on column account.closed_at is 'From when on it uses nothing more.';`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert, update, delete on test_clock to tallyhouse_app;
    end if;
  end $$;`;
