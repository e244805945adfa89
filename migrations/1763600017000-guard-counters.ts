import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: limits are kept in the transaction that counts. A counter carries the amount up to which nobody has to look, what is
 * held by reservations, and under which terms that was said; an event carries the total it was answered with.
 * Lock: adds nullable columns and columns with constant defaults, which rewrites nothing; the new tables are empty.
 * Undo: `down` drops them; limits are then not kept, and what was recorded about them is lost.
 */
export class GuardCounters1763600017000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [GUARDS, ANSWERS, FACTS, RESERVATIONS, APPEND_ONLY, PRIVILEGES]) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table reservation, limit_crossing, usage_overage;
      alter table usage_event drop column used_after, drop column limit_then;
      alter table event_key add column answer jsonb;
      alter table usage_counter drop column guard, drop column judged_under, drop column reserved;
      drop function look_again;`);
  }
}

const GUARDS = `
  alter table usage_counter
    add column guard numeric(38,15),
    add column judged_under text not null default '',
    add column reserved numeric(38,15) not null default 0;
  comment on column usage_counter.guard is 'Up to here use is added without a look at the limit; null = there is no limit.';
  comment on column usage_counter.judged_under is 'The terms the guard was computed under; other terms must look again.';
  comment on column usage_counter.reserved is 'Held by open reservations of the segment.';

  create function look_again() returns numeric language plpgsql as $$
  begin
    raise exception 'a counter has to be looked at before it is added to' using errcode = 'TL001';
  end $$;
  comment on function look_again is 'Ends the statement of a group that may cross a limit: its events are then judged one by one.';`;

const ANSWERS = `
  alter table usage_event add column used_after numeric(38,15), add column limit_then numeric(38,15);
  comment on column usage_event.used_after is 'The running total its sender was answered with, so that a replay answers the same; null = none was asked for.';
  alter table event_key drop column answer;`;

const FACTS = `
  create table usage_overage (
    bucket smallint not null,
    account_id bigint not null,
    recorded_at timestamptz not null default now(),
    key uuid not null,
    meter_id int not null,
    segment_from timestamptz not null,
    quantity numeric(38,15) not null check (quantity > 0),
    limit_then numeric(38,15) not null,
    primary key (bucket, account_id, recorded_at, key, meter_id)
  );
  comment on table usage_overage is 'How far one accepted event went beyond the limit, in base units of the meter.';

  create table limit_crossing (
    bucket smallint not null,
    account_id bigint not null,
    meter_id int not null,
    segment_from timestamptz not null,
    percent int not null,
    segment_to timestamptz not null,
    crossed_at timestamptz not null,
    used numeric(38,15) not null,
    limit_then numeric(38,15) not null,
    primary key (bucket, account_id, meter_id, segment_from, percent)
  );
  comment on table limit_crossing is 'A threshold of a limit was reached: once per threshold and period.';`;

const RESERVATIONS = `
  create table reservation (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    state text not null check (state in ('open', 'committed', 'released', 'expired')),
    content bigint not null,
    segment_from timestamptz not null,
    segment_to timestamptz not null,
    expires_at timestamptz not null,
    asked json not null,
    holds json not null,
    counted json,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    primary key (bucket, account_id, id)
  );
  create index reservation_by_expiry on reservation (expires_at) where state = 'open';
  create index reservation_open on reservation (account_id) where state = 'open';
  comment on table reservation is 'Use that is held but not counted. asked: the items as they came; holds: what each counter holds for them; counted: what a commit answered.';`;

const APPEND_ONLY = `
  create trigger usage_overage_is_append_only before update or delete on usage_overage
    for each row execute function refuse_change();
  create trigger limit_crossing_is_append_only before update or delete on limit_crossing
    for each row execute function refuse_change();`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert on usage_overage, limit_crossing to tallyhouse_app;
      grant select, insert, update on reservation to tallyhouse_app;
      revoke update, delete on usage_overage, limit_crossing from tallyhouse_app;
      grant execute on function look_again to tallyhouse_app;
    end if;
  end $$;`;
