import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: accounts whose principals may make more or fewer requests than RATE_LIMIT_REQUESTS says.
 * Lock: none, the table is new.
 * Undo: `down` drops it; the usual limit then holds for all.
 */
export class CreateRateLimits1763600016500 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(RATE_LIMITS);
    await runner.query(PRIVILEGES);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table rate_limit');
  }
}

const RATE_LIMITS = `
  create table rate_limit (
    bucket smallint not null,
    account_id bigint not null,
    requests int not null check (requests > 0),
    window_ms int not null check (window_ms > 0),
    primary key (bucket, account_id)
  );
  comment on table rate_limit is 'How many requests each principal of an account may make in a window, where that is not the usual number.';`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert, update, delete on rate_limit to tallyhouse_app;
    end if;
  end $$;`;
