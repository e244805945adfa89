import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: old events, their keys and what was derived by the hour are dropped after a while. The service's own role may not do
 * that: functions of the owner do it, each refusing what is young, and note how far back there is anything left.
 * Lock: none that matters; the table and the functions are new.
 * Undo: `down` drops them. What was dropped by then is gone, and nothing tells any more from when on the books are whole.
 */
export class LimitRetention1763600010000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [HORIZON, DROP_EVENTS, DROP_KEYS, TRIM, PRIVILEGES])
      await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop function trim_old_rows, drop_key_partition, drop_event_partition;
      drop table retention_horizon`);
  }
}

const HORIZON = `
  create table retention_horizon (
    only_row boolean primary key default true check (only_row),
    events_before timestamptz,
    windows_before timestamptz
  );
  insert into retention_horizon default values;
  comment on table retention_horizon is 'How far back there is anything left; null = nothing was ever dropped. Written by the functions that drop.';
  comment on column retention_horizon.events_before is 'What was recorded before is gone, with its keys.';
  comment on column retention_horizon.windows_before is 'Hours and days that ended before are gone.';`;

/** Two runs take turns, so that the second one finds nothing instead of a table that vanishes under its hands. */
const DROP_EVENTS = `
  create function drop_event_partition(part text) returns boolean language plpgsql security definer
    set search_path from current as $$
  declare
    bounds text[];
  begin
    perform pg_advisory_xact_lock(hashtext('retention'));
    bounds := (
      select regexp_match(pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)$')
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'usage_event'::regclass and c.relname = part);
    if bounds is null then return false; end if;
    if bounds[2]::timestamptz > now() - interval '35 days' then
      raise exception '% holds events that are younger than 35 days', part using errcode = '23001';
    end if;
    execute format('drop table %I', part);
    update retention_horizon set events_before = greatest(events_before, bounds[2]::timestamptz);
    return true;
  end $$;
  comment on function drop_event_partition is 'Drops what was recorded in a stretch that is over; false = there is no such partition.';`;

/**
 * An id may carry an old time and be recorded today, so the second look happens while nobody can add to the partition; the
 * first one is for not locking it in vain.
 */
const DROP_KEYS = `
  create function drop_key_partition(part text, before timestamptz) returns boolean language plpgsql security definer
    set search_path from current as $$
  declare
    bounds text[];
    young boolean;
  begin
    perform pg_advisory_xact_lock(hashtext('retention'));
    bounds := (
      select regexp_match(pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)$')
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'event_key'::regclass and c.relname = part);
    if bounds is null then return false; end if;
    if before > now() - interval '35 days' or event_key_bound(before) < bounds[2]::uuid then
      raise exception '% may hold keys that are younger than 35 days', part using errcode = '23001';
    end if;
    execute format('select exists (select from %I where recorded_at >= $1)', part) using before into young;
    if young then return false; end if;
    execute format('lock table %I in share mode', part);
    execute format('select exists (select from %I where recorded_at >= $1)', part) using before into young;
    if young then return false; end if;
    execute format('drop table %I', part);
    return true;
  end $$;
  comment on function drop_key_partition is 'Drops keys of ids of one stretch, all recorded before an instant; false = some were not, or it is gone.';`;

const TRIM = `
  create function trim_old_rows(kind text, before timestamptz, first_page bigint, pages int) returns bigint
    language plpgsql security definer set search_path from current as $$
  declare
    old text := case kind
      when 'event_key_default' then 'recorded_at < $1'
      when 'event_key_opaque' then 'recorded_at < $1'
      when 'usage_window' then 'to_at <= $1'
      when 'usage_day' then 'to_at <= $1'
      when 'usage_value' then
        'grain = 1 and from_at <= $1 - interval ''1 hour'' or grain = 2 and from_at <= $1 - interval ''1 day'''
      when 'outbox' then 'state = ''done'' and finished_at < $1'
      when 'webhook_delivery' then 'at < $1'
    end;
    youngest interval := case when kind in ('outbox', 'webhook_delivery') then interval '1 day' else interval '35 days' end;
    trimmed bigint;
  begin
    if old is null then raise exception '% is not trimmed', kind using errcode = '23001'; end if;
    if before > now() - youngest then
      raise exception '% keeps what is younger than %', kind, youngest using errcode = '23001';
    end if;
    if kind in ('usage_window', 'usage_day') then
      update retention_horizon set windows_before = before where windows_before is null or windows_before < before;
    end if;
    execute format('delete from %I where ctid >= %L::tid and ctid < %L::tid and (%s)',
      kind, format('(%s,0)', first_page), format('(%s,0)', first_page + pages), old) using before;
    get diagnostics trimmed = row_count;
    return trimmed;
  end $$;
  comment on function trim_old_rows is 'Deletes what is old from some pages of a table that has no partitions by age.';`;

const PRIVILEGES = `
  revoke execute on function drop_event_partition, drop_key_partition, trim_old_rows from public;
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant execute on function drop_event_partition, drop_key_partition, trim_old_rows to tallyhouse_app;
      revoke all on retention_horizon from tallyhouse_app;
      grant select on retention_horizon to tallyhouse_app;
    end if;
  end $$;`;
