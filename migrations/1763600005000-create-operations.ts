import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: what was changed by whom (a hash chain per account), promises to call the outside, runs of jobs, what happened that
 * is commercially notable, and who is told about it.
 * Lock: none that matters, every table is new.
 * Undo: `down` drops them all; promises not kept yet, the audit trail and billing events are then gone for good.
 */
export class CreateOperations1763600005000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [AUDIT, OUTBOX, JOBS, BILLING_EVENTS, WEBHOOKS, APPEND_ONLY, PRIVILEGES]) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `drop table webhook_delivery, webhook_endpoint, billing_event, job_turn, job_run, outbox, audit_entry, audit_head`,
    );
  }
}

/** `json`, not `jsonb`: the hash covers the text as it was written, and jsonb would write it anew. */
const AUDIT = `
  create table audit_head (
    bucket smallint not null,
    account_id bigint not null,
    sequence bigint not null check (sequence >= 0),
    hash bytea not null check (octet_length(hash) = 32),
    primary key (bucket, account_id)
  );
  comment on table audit_head is 'The end of each audit chain, locked by whoever adds to it. Account 0 is the installation itself.';

  create table audit_entry (
    bucket smallint not null,
    account_id bigint not null,
    sequence bigint not null check (sequence > 0),
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    subject text not null,
    before json,
    after json,
    reason text,
    previous_hash bytea not null check (octet_length(previous_hash) = 32),
    hash bytea not null check (octet_length(hash) = 32),
    primary key (bucket, account_id, sequence)
  );
  create index audit_entry_by_time on audit_entry (at, bucket, account_id, sequence);
  comment on table audit_entry is 'Who changed what, from what, to what and why. Each row is hashed together with the hash of the one before it.';
  comment on column audit_entry.before is 'Canonical JSON, covered by the hash to the byte; null = it did not exist.';`;

const OUTBOX = `
  create table outbox (
    bucket smallint not null default 0,
    account_id bigint not null default 0,
    id uuid not null,
    topic text not null,
    key text not null,
    payload jsonb not null,
    state text not null default 'due' check (state in ('due', 'done', 'parked')),
    attempts int not null default 0,
    due_at timestamptz not null default now(),
    lease_until timestamptz,
    lease_token uuid,
    last_error text,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (bucket, account_id, id),
    unique (bucket, account_id, key)
  );
  create index outbox_due on outbox (bucket, account_id, due_at) where state = 'due';
  create index outbox_by_state on outbox (state, id);
  comment on table outbox is 'Promises to call the outside, written with the change that made them and kept after it. Account 0 is the installation itself.';
  comment on column outbox.key is 'What caused it: the same cause twice is one row.';
  comment on column outbox.due_at is 'The next attempt; while one is under way, the end of its lease.';`;

const JOBS = `
  create table job_run (
    job text not null,
    period text not null,
    token uuid not null,
    attempts int not null default 1,
    started_at timestamptz not null default now(),
    lease_until timestamptz not null,
    finished_at timestamptz,
    error text,
    primary key (job, period)
  );
  comment on table job_run is 'Work that is done once per (job, period), whoever starts it how often. Finished = done for good.';

  create table job_turn (
    job text primary key,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    error text
  );
  comment on table job_turn is 'The last turn of each job, for people; while all is well it is noted about once a minute.';`;

const BILLING_EVENTS = `
  create table billing_event (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    at timestamptz not null default now(),
    type text not null,
    key text not null,
    data jsonb not null,
    primary key (bucket, account_id, id),
    unique (bucket, account_id, key)
  );
  create index billing_event_by_account on billing_event (account_id, id);
  create index billing_event_by_id on billing_event (id);
  comment on table billing_event is 'What happened that is commercially notable. Kept for ever.';
  comment on column billing_event.key is 'What it is about: the same thing told twice is one event.';
  comment on column billing_event.at is 'When it was recorded, by the clock of the database.';`;

const WEBHOOKS = `
  create table webhook_endpoint (
    id uuid primary key,
    url text not null,
    description text not null default '',
    types text[] not null check (cardinality(types) > 0),
    secret bytea not null,
    previous_secret bytea,
    previous_until timestamptz,
    enabled boolean not null default true,
    created_at timestamptz not null default now(),
    disabled_reason text
  );
  comment on table webhook_endpoint is 'Who is told about billing events. Secrets are encrypted with the row bound to them.';
  comment on column webhook_endpoint.types is '*, a type such as invoice.paid, or a prefix such as invoice.*';

  create table webhook_delivery (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    endpoint_id uuid not null,
    event_id uuid not null,
    attempt int not null,
    at timestamptz not null default now(),
    status_code int,
    error text,
    duration_ms int not null,
    primary key (bucket, account_id, id)
  );
  create index webhook_delivery_by_endpoint on webhook_delivery (endpoint_id, id);
  comment on table webhook_delivery is 'Every attempt to tell an endpoint of an event, and what came of it.';`;

const APPEND_ONLY = `
  create trigger audit_entry_is_append_only before update or delete on audit_entry
    for each row execute function refuse_change();
  create trigger audit_entry_is_not_emptied before truncate on audit_entry
    for each statement execute function refuse_change();
  create trigger billing_event_is_append_only before update or delete on billing_event
    for each row execute function refuse_change();
  create trigger billing_event_is_not_emptied before truncate on billing_event
    for each statement execute function refuse_change();`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert on audit_entry, billing_event, webhook_delivery to tallyhouse_app;
      revoke update, delete on audit_entry, billing_event, webhook_delivery from tallyhouse_app;
      grant select, insert, update on audit_head, job_run, job_turn, outbox to tallyhouse_app;
      revoke delete on audit_head, job_run, job_turn, outbox from tallyhouse_app;
      grant select, insert, update, delete on webhook_endpoint to tallyhouse_app;
    end if;
  end $$;`;
