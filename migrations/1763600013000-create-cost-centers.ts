import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: cost centres of the `usage.v1` contract (who bills, what may be spent a cycle), who belongs to an account, who was
 * given the free allowance, usage given back, and gauges whose events say the level by their type.
 * Lock: `meter` for a moment, a column with a constant default; every other table is new.
 * Undo: `down` drops them; limits, cycles and members are then gone for good.
 */
export class CreateCostCenters1763600013000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [METERS, COST_CENTERS, MEMBERS, CREDIT_NOTES, APPEND_ONLY, PRIVILEGES]) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table usage_credit_note, free_allowance, account_member, cost_center_version, cost_center;
      alter table meter drop column posting, drop column levels`);
  }
}

const METERS = `
  alter table meter add column levels jsonb not null default '{}',
    add column posting text not null default 'period' check (posting in ('period', 'span'));
  comment on column meter.levels is 'Of a gauge: the level an event of a type sets by itself.';
  comment on column meter.posting is 'Whether its usage is charged by the period or span by span.';`;

const COST_CENTERS = `
  create table cost_center_version (
    bucket smallint not null,
    account_id bigint not null,
    version int not null,
    created_at timestamptz not null,
    strategy text not null check (strategy in ('stripe', 'other')),
    spending_limit int not null check (spending_limit >= 0),
    anchor timestamptz not null,
    cycle_from timestamptz not null,
    cycle_to timestamptz not null check (cycle_to > cycle_from),
    is_default boolean not null,
    cause text not null check (cause in ('made', 'first_member', 'set', 'reset', 'cycle', 'imported')),
    primary key (bucket, account_id, version)
  );
  comment on table cost_center_version is 'Everything a cost centre ever said. Appended under the account''s lock.';
  comment on column cost_center_version.is_default is 'Nobody decided the limit, and no member of the account was known who could have had the free allowance.';

  create table cost_center (
    bucket smallint not null,
    account_id bigint not null,
    version int not null,
    reset_at timestamptz,
    primary key (bucket, account_id)
  );
  create index cost_center_by_reset on cost_center (reset_at) where reset_at is not null;
  comment on table cost_center is 'The version in force, and when its allowance is to be renewed; null = it is billed, not renewed.';`;

const MEMBERS = `
  create table account_member (
    bucket smallint not null,
    account_id bigint not null,
    user_id text not null check (user_id <> ''),
    role text not null,
    joined_at timestamptz not null,
    email_index bytea,
    primary key (bucket, account_id, user_id)
  );
  comment on column account_member.email_index is 'A keyed hash of the e-mail address, which itself is not kept.';

  create table free_allowance (
    account_id bigint primary key,
    bucket smallint not null,
    user_id uuid not null unique,
    email_index bytea unique,
    given_at timestamptz not null
  );
  comment on table free_allowance is 'A person, and an e-mail address, get the free allowance for one account only. Small, and the same everywhere.';`;

const CREDIT_NOTES = `
  create table usage_credit_note (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    created_at timestamptz not null,
    credits int not null,
    description text not null check (description <> ''),
    user_id uuid,
    primary key (bucket, account_id, id)
  );
  comment on table usage_credit_note is 'Usage given back by hand; its transfer has the source usage-credit-note:<id>.';`;

const APPEND_ONLY = `
  create trigger cost_center_version_is_append_only before update or delete on cost_center_version
    for each row execute function refuse_change();
  create trigger usage_credit_note_is_append_only before update or delete on usage_credit_note
    for each row execute function refuse_change();`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert on cost_center_version, usage_credit_note to tallyhouse_app;
      grant select, insert, update on cost_center, free_allowance to tallyhouse_app;
      grant select, insert, update, delete on account_member to tallyhouse_app;
      revoke update, delete on cost_center_version, usage_credit_note from tallyhouse_app;
    end if;
  end $$;`;
