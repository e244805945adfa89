import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: accounts with their terms, meters, and everything the write path of one event touches.
 * Lock: none that matters, every table is new.
 * Undo: `down` drops what `up` made; the role is left because other databases of the cluster may use it.
 */
export class CreateUsage1763600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [ROLE, ACCOUNTS, METERS, EVENTS, DERIVED, PARTITIONS, APPEND_ONLY, PRIVILEGES]) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table work_mark, subject_profile, usage_value, usage_day, usage_window, usage_counter,
        gauge_window, level_change, gauge_resource, event_correction, usage_event, event_key,
        meter, catalogue_revision, terms, account cascade;
      drop function ensure_event_partition, ensure_key_partition, event_key_bound, refuse_change;`);
  }
}

/** The running service takes this role, which lacks UPDATE and DELETE on facts; without the right to make it, triggers remain. */
const ROLE = `
  do $$
  begin
    if not exists (select from pg_roles where rolname = 'tallyhouse_app') then
      create role tallyhouse_app nologin;
    end if;
    if current_setting('is_superuser') = 'off' then
      execute format('grant tallyhouse_app to %I', current_user);
    end if;
  exception when insufficient_privilege or duplicate_object or unique_violation then
    raise notice 'the role tallyhouse_app could not be made: facts are guarded by triggers alone';
  end $$;`;

const ACCOUNTS = `
  create table account (
    id bigint generated always as identity primary key,
    bucket smallint not null,
    key text not null unique,
    name text,
    created_at timestamptz not null default now()
  );
  comment on table account is 'Who pays, named by scheme:value. The only place of the key text; every other table holds the id.';

  create table terms (
    bucket smallint not null,
    account_id bigint not null,
    version int not null,
    valid_from timestamptz not null,
    anchor timestamptz not null,
    interval_unit text not null check (interval_unit in ('hour', 'day', 'week', 'month', 'year')),
    interval_count int not null check (interval_count > 0),
    time_zone text not null,
    created_at timestamptz not null default now(),
    primary key (bucket, account_id, version)
  );
  comment on table terms is 'What an account agreed to from an instant on: its calendar. Versions are appended.';`;

const METERS = `
  create table catalogue_revision (only_row boolean primary key default true check (only_row), revision bigint not null);
  insert into catalogue_revision values (true, 1);
  comment on table catalogue_revision is 'Raised by every change of meters; a group commits only against the revision it was computed with.';

  create table meter (
    id int generated always as identity primary key,
    key text not null unique,
    name text not null,
    description text not null default '',
    unit text not null,
    aggregation text not null check (aggregation in
      ('sum', 'count', 'max', 'min', 'latest', 'unique', 'average', 'gauge_integral', 'gauge_peak')),
    event_types text[] not null,
    value_property text,
    resource_property text,
    dimensions text[] not null default '{}',
    filters jsonb not null default '[]',
    divide_by numeric(38,15) not null default 1 check (divide_by > 0),
    created_at timestamptz not null default now()
  );`;

const EVENTS = `
  create table event_key (
    key uuid not null,
    account_id bigint not null,
    bucket smallint not null,
    content bigint not null,
    recorded_at timestamptz not null default now(),
    occurred_at timestamptz not null,
    answer jsonb,
    revision int not null default 0,
    primary key (key, account_id, bucket)
  ) partition by range (key);
  create table event_key_default partition of event_key default;
  create table event_key_opaque partition of event_key
    for values from ('ff000000-0000-0000-0000-000000000000') to (maxvalue);
  comment on table event_key is 'Once is once: the key is a function of (source, id) alone, so a retry finds it at any age.';

  create table usage_event (
    bucket smallint not null,
    account_id bigint not null,
    key uuid not null,
    recorded_at timestamptz not null default now(),
    occurred_at timestamptz not null,
    type text not null,
    source text not null,
    event_id text not null,
    quantity numeric(38,15),
    resource text,
    subject text,
    properties json
  ) partition by range (recorded_at);
  create index usage_event_by_account on usage_event (account_id, occurred_at, key);
  comment on table usage_event is 'Immutable facts. No unique index here: event_key decides, in the same transaction.';

  create table event_correction (
    bucket smallint not null,
    account_id bigint not null,
    target uuid not null,
    revision int not null,
    key uuid not null,
    recorded_at timestamptz not null default now(),
    kind text not null check (kind in ('void', 'amend')),
    source text not null,
    event_id text not null,
    quantity numeric(38,15),
    properties json,
    reason text not null default '',
    primary key (bucket, account_id, target, revision)
  );
  comment on table event_correction is 'Voids and amends: new facts that name the old one. The highest revision counts.';

  create table subject_profile (
    bucket smallint not null,
    account_id bigint not null,
    subject text not null,
    attributes jsonb not null,
    updated_at timestamptz not null default now(),
    primary key (bucket, account_id, subject)
  );
  comment on table subject_profile is 'Personal attributes, kept out of immutable rows so that they can be erased.';`;

const STATE = `
    sum numeric(38,15) not null default 0,
    count bigint not null default 0,
    min numeric(38,15),
    max numeric(38,15),
    last_at timestamptz,
    last_key uuid,
    last_value numeric(38,15)`;

const DERIVED = `
  create table usage_counter (
    bucket smallint not null,
    account_id bigint not null,
    meter_id int not null,
    segment_from timestamptz not null,
    segment_to timestamptz not null,
    dims text not null default '',
    ${STATE},
    delta numeric(38,15) not null default 0,
    revision bigint not null default 1,
    primary key (bucket, account_id, meter_id, segment_from, dims)
  ) with (fillfactor = 60);
  comment on table usage_counter is 'Usage of one meter in one segment (period cut by terms), kept in the transaction of each event.';

  create table usage_value (
    bucket smallint not null,
    account_id bigint not null,
    meter_id int not null,
    grain smallint not null,
    from_at timestamptz not null,
    dims text not null default '',
    value text not null,
    refs bigint not null,
    primary key (bucket, account_id, meter_id, grain, from_at, dims, value)
  );
  comment on table usage_value is 'Distinct values of unique meters with reference counts, so that a void can take one away. Grain 0 segment, 1 window, 2 day.';

  create table usage_window (
    bucket smallint not null,
    account_id bigint not null,
    meter_id int not null,
    dims text not null default '',
    from_at timestamptz not null,
    to_at timestamptz not null,
    ${STATE},
    primary key (bucket, account_id, meter_id, from_at, dims)
  ) with (fillfactor = 80);
  create table usage_day (like usage_window including all) with (fillfactor = 80);
  comment on table usage_window is 'UTC hours cut at the account''s boundaries; written from work marks, recomputable from events.';
  comment on table usage_day is 'UTC days cut at the account''s boundaries; the sum of their windows.';

  create table gauge_resource (
    bucket smallint not null,
    account_id bigint not null,
    meter_id int not null,
    resource text not null,
    primary key (bucket, account_id, meter_id, resource)
  );
  comment on table gauge_resource is 'The row a change of level locks, so that two changes of one resource see each other.';

  create table level_change (
    bucket smallint not null,
    account_id bigint not null,
    meter_id int not null,
    resource text not null,
    occurred_at timestamptz not null,
    key uuid not null,
    level numeric(38,15) not null,
    dims text not null default '',
    primary key (bucket, account_id, meter_id, resource, occurred_at, key)
  );
  create index level_change_by_time on level_change (account_id, meter_id, occurred_at);

  create table gauge_window (
    bucket smallint not null,
    account_id bigint not null,
    meter_id int not null,
    dims text not null default '',
    from_at timestamptz not null,
    to_at timestamptz not null,
    delta numeric(38,15) not null default 0,
    moment numeric(38,15) not null default 0,
    highest numeric(38,15) not null default 0,
    primary key (bucket, account_id, meter_id, from_at, dims)
  );
  comment on table gauge_window is 'Sums of level differences: usage of a window = opening level x length + moment (level x ms).';

  create table work_mark (
    id bigint generated always as identity primary key,
    bucket smallint not null,
    marks text,
    windows int not null default 0,
    buckets smallint[],
    account_ids bigint[],
    meter_ids int[],
    dims text[],
    from_ms bigint[],
    to_ms bigint[],
    day_from_ms bigint[],
    day_to_ms bigint[],
    sums numeric[],
    counts bigint[],
    mins numeric[],
    maxs numeric[]
  );
  alter table work_mark alter column marks set storage external;
  comment on table work_mark is 'One row per group: what it added to which window. Consumed in the transaction that rolls it up.';
  comment on column work_mark.marks is 'JSON of the windows that a statement cannot add up: distinct values, latest readings, refolds.';
  comment on column work_mark.windows is 'How many windows the arrays hold, one element each.';`;

const PARTITIONS = `
  create function event_key_bound(at timestamptz) returns uuid language sql immutable as $$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
  $$;

  create function ensure_event_partition(at timestamptz) returns text language plpgsql security definer
    set search_path from current as $$
  declare
    week timestamptz := date_trunc('week', at at time zone 'UTC') at time zone 'UTC';
    part text := 'usage_event_' || to_char(week at time zone 'UTC', 'YYYYMMDD');
  begin
    if to_regclass(part) is null then
      perform pg_advisory_xact_lock(hashtext('usage_event_partition'));
      execute format('create table if not exists %I partition of usage_event for values from (%L) to (%L)',
        part, week, week + interval '7 days');
    end if;
    return part;
  end $$;

  create function ensure_key_partition(at timestamptz) returns text language plpgsql security definer
    set search_path from current as $$
  declare
    month timestamptz := date_trunc('month', at at time zone 'UTC') at time zone 'UTC';
    following timestamptz := (date_trunc('month', at at time zone 'UTC') + interval '1 month') at time zone 'UTC';
    part text := 'event_key_' || to_char(month at time zone 'UTC', 'YYYYMM');
    strays boolean;
  begin
    if to_regclass(part) is null then
      perform pg_advisory_xact_lock(hashtext('event_key_partition'));
      if to_regclass(part) is not null then return part; end if;
      lock table event_key_default in share row exclusive mode;
      execute format('create table %I (like event_key including defaults including indexes)', part);
      execute format('with moved as (delete from event_key_default where key >= %L and key < %L returning *)
        insert into %I select * from moved', event_key_bound(month), event_key_bound(following), part);
      execute format('alter table event_key attach partition %I for values from (%L) to (%L)',
        part, event_key_bound(month), event_key_bound(following));
    end if;
    return part;
  end $$;

  select ensure_event_partition(now() + n * interval '7 days') from generate_series(0, 4) n;
  select ensure_key_partition(now() + n * interval '1 month') from generate_series(-2, 3) n;`;

const APPEND_ONLY = `
  create function refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception '% is append-only: a correction is another fact', tg_table_name using errcode = '23001';
  end $$;
  create trigger usage_event_is_append_only before update or delete on usage_event
    for each row execute function refuse_change();
  create trigger event_correction_is_append_only before update or delete on event_correction
    for each row execute function refuse_change();
  create trigger terms_are_append_only before update or delete on terms
    for each row execute function refuse_change();`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      execute format('grant usage on schema %I to tallyhouse_app', current_schema);
      execute format('grant select, insert, update, delete on all tables in schema %I to tallyhouse_app', current_schema);
      execute format('grant usage, select on all sequences in schema %I to tallyhouse_app', current_schema);
      execute format('alter default privileges in schema %I grant select, insert, update, delete on tables to tallyhouse_app', current_schema);
      execute format('alter default privileges in schema %I grant usage, select on sequences to tallyhouse_app', current_schema);
      revoke update, delete on usage_event, event_correction, terms from tallyhouse_app;
    end if;
  end $$;`;
