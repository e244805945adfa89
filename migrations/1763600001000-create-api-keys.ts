import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: API keys as peppered hashes, and the lease rows that keep two replicas from running one job at once.
 * Lock: none that matters, both tables are new.
 * Undo: `down` drops both; every API key is then gone for good, because only its hash was ever stored.
 */
export class CreateApiKeys1763600001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [API_KEYS, LEASE_LOCKS, PRIVILEGES]) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table lease_lock, api_key');
  }
}

const API_KEYS = `
  create table api_key (
    id uuid primary key,
    prefix text not null unique,
    hash bytea not null check (octet_length(hash) = 32),
    name text not null,
    role text check (role in ('admin', 'writer', 'reader', 'ingest')),
    scopes text[] not null default '{}',
    accounts text[] not null check (cardinality(accounts) > 0),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null default now(),
    created_by text not null
  );
  comment on table api_key is 'Who may call. A key is found by its prefix and proved by its HMAC; the key itself is not stored.';
  comment on column api_key.accounts is 'Exact account keys, scheme:* or *.';
  comment on column api_key.last_used_at is 'Coarse: written at most once a minute, never on the path of an answer.';`;

const LEASE_LOCKS = `
  create table lease_lock (
    name text primary key,
    holder uuid not null,
    fence bigint not null,
    expires_at timestamptz not null
  );
  comment on table lease_lock is 'Who runs a job now, until when. The fence only grows, so a late writer can be told from the present one.';`;

/** A key is revoked, never deleted: what it did stays attributable. */
const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert, update on api_key to tallyhouse_app;
      revoke delete on api_key from tallyhouse_app;
      grant select, insert, update, delete on lease_lock to tallyhouse_app;
    end if;
  end $$;`;
