import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: spans of meters that are charged span by span: what ran on which resource from when to when, what of it was posted,
 * and up to when the open ones were accrued.
 * Lock: `level_change` for a moment, two columns without a default; every other table is new.
 * Undo: `down` drops them; levels and events stay, and from them all spans can be folded again.
 */
export class CreateSpans1763600014000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [FACTS, SPANS, MARKS, ACCRUALS, PRIVILEGES]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table span_accrual, span_mark, span;
      alter table level_change drop column properties, drop column type`);
  }
}

const FACTS = `
  alter table level_change add column type text, add column properties json;
  comment on column level_change.type is 'Of meters charged span by span: what happened, so that a resource is folded by its own rows.';`;

const SPANS = `
  create table span (
    bucket smallint not null,
    account_id bigint not null,
    meter_id int not null,
    resource text not null,
    ordinal int not null,
    id uuid not null,
    created_at timestamptz,
    started_at timestamptz not null,
    stopping_at timestamptz,
    stopped_at timestamptz,
    ended_at timestamptz,
    is_draft boolean not null,
    is_void boolean not null default false,
    class text not null,
    user_id uuid,
    attributes json not null,
    rate text not null,
    amount numeric(38,15),
    posted numeric(38,15) not null default 0,
    revision int not null default 0,
    primary key (bucket, account_id, meter_id, resource, ordinal)
  ) with (fillfactor = 90);
  create index span_by_end on span (account_id, ended_at, id) where ended_at is not null and not is_void;
  create index span_open on span (account_id) where ended_at is null and not is_void;
  comment on table span is 'A run of one resource, folded from its levels; the fold may be done again at any time.';
  comment on column span.ended_at is 'Where its billed time ends; null = it runs.';
  comment on column span.amount is 'What it costs in credits once its end is known.';
  comment on column span.posted is 'What stands in the ledger for it, under its revision.';
  comment on column span.is_void is 'The last fold found it no more; kept, so that its revisions are not given twice.';`;

const MARKS = `
  create table span_mark (
    bucket smallint not null,
    account_id bigint not null,
    meter_id int not null,
    resource text not null,
    id bigint generated always as identity,
    primary key (bucket, account_id, meter_id, resource, id)
  );
  comment on table span_mark is 'Appended by whoever changes a level: this resource has to be folded again. Taken in the transaction that folds it.';`;

const ACCRUALS = `
  create table span_accrual (
    bucket smallint not null,
    account_id bigint not null,
    accrued_at timestamptz not null,
    amount numeric(38,15) not null,
    running bigint not null check (running >= 0),
    primary key (bucket, account_id)
  );
  create index span_accrual_running on span_accrual (bucket, account_id) where running > 0;
  comment on table span_accrual is 'What the drafts of an account cost as of an instant: its pending amount in the ledger.';`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert, update, delete on span, span_mark, span_accrual to tallyhouse_app;
    end if;
  end $$;`;
