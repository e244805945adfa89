import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: what accounts owe and own: append-only transfers, balances kept beside them, what is not final yet, and grants.
 * Lock: none that matters, every table is new.
 * Undo: `down` drops the tables; every balance and grant is then gone for good.
 */
export class CreateLedger1763600003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [TRANSFERS, BALANCES, GRANTS, APPEND_ONLY, PRIVILEGES]) {
      await runner.query(statement);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table grant_use, credit_grant, pending, balance, transfer');
  }
}

const NAMES = `('receivable', 'usage', 'settlement', 'payments', 'grants', 'allowance', 'tax', 'adjustments')`;

const MOVE = `
    asset text not null check (asset ~ '^[A-Z]{3,12}$'),
    debit text not null check (debit in ${NAMES}),
    credit text not null check (credit in ${NAMES}),
    amount numeric(38,15) not null check (amount > 0)`;

const TRANSFERS = `
  create table transfer (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    recorded_at timestamptz not null default now(),
    effective_at timestamptz not null,
    ${MOVE},
    kind text not null check (kind <> ''),
    source text not null check (source <> ''),
    reverses uuid,
    check (debit <> credit),
    primary key (bucket, account_id, id)
  );
  create index transfer_by_time on transfer (account_id, recorded_at, id);
  create index transfer_by_source on transfer (account_id, source);
  create unique index transfer_reversed_once on transfer (bucket, account_id, reverses) where reverses is not null;
  comment on table transfer is 'Value moved between two names of one account. Immutable: a correction is the original with its sides swapped.';
  comment on column transfer.id is 'A hash of what the transfer is, so that posting it twice is posting it once.';
  comment on column transfer.source is 'What caused it, such as invoice:<id>.';

  create table pending (
    bucket smallint not null,
    account_id bigint not null,
    ${MOVE},
    source text not null check (source <> ''),
    updated_at timestamptz not null default now(),
    check (debit <> credit),
    primary key (bucket, account_id, asset, source)
  );
  comment on table pending is 'What would be posted if it ended now. Not in the ledger: replaced at will.';`;

const BALANCES = `
  create table balance (
    bucket smallint not null,
    account_id bigint not null,
    name text not null check (name in ${NAMES}),
    asset text not null,
    debits numeric(38,15) not null,
    credits numeric(38,15) not null,
    revision bigint not null default 1,
    primary key (bucket, account_id, name, asset)
  ) with (fillfactor = 60);
  comment on table balance is 'Sums of transfers by name, kept in the transaction of each transfer.';`;

const GRANTS = `
  create table credit_grant (
    bucket smallint not null,
    account_id bigint not null,
    id uuid not null,
    asset text not null check (asset ~ '^[A-Z]{3,12}$'),
    kind text not null check (kind in ('promotional', 'prepaid', 'carried')),
    amount numeric(38,15) not null check (amount > 0),
    used numeric(38,15) not null default 0 check (used >= 0),
    expired numeric(38,15) not null default 0 check (expired >= 0),
    priority int not null default 0,
    expires_at timestamptz,
    description text not null default '',
    created_at timestamptz not null default now(),
    check (used + expired <= amount),
    primary key (bucket, account_id, id)
  );
  create index credit_grant_by_time on credit_grant (account_id, created_at, id);
  create index credit_grant_with_something_left on credit_grant (account_id, asset) where used + expired < amount;
  comment on table credit_grant is 'Value an account may pay with; what is left is amount - used - expired.';

  create table grant_use (
    bucket smallint not null,
    account_id bigint not null,
    transfer_id uuid not null,
    grant_id uuid not null,
    amount numeric(38,15) not null check (amount <> 0),
    primary key (bucket, account_id, transfer_id, grant_id)
  );
  create index grant_use_by_grant on grant_use (account_id, grant_id);
  comment on table grant_use is 'How a transfer out of the grants of an account is shared among them; below zero where it was given back.';`;

const APPEND_ONLY = `
  create trigger transfer_is_append_only before update or delete on transfer
    for each row execute function refuse_change();
  create trigger grant_use_is_append_only before update or delete on grant_use
    for each row execute function refuse_change();`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert on transfer, grant_use to tallyhouse_app;
      grant select, insert, update on balance, credit_grant to tallyhouse_app;
      grant select, insert, update, delete on pending to tallyhouse_app;
      revoke update, delete on transfer, grant_use from tallyhouse_app;
      revoke delete on balance, credit_grant from tallyhouse_app;
    end if;
  end $$;`;
