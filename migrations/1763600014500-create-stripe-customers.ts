import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: which customers of Stripe an account has, as they are taken over from another installation.
 * Lock: none, the table is new.
 * Undo: `down` drops it; the customers stay in Stripe, and their metadata name the account.
 */
export class CreateStripeCustomers1763600014500 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [CUSTOMERS, PRIVILEGES]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table stripe_customer');
  }
}

const CUSTOMERS = `
  create table stripe_customer (
    customer_index bytea primary key,
    account_id bigint not null,
    bucket smallint not null,
    customer bytea not null,
    currency text not null,
    invalid_billing_address boolean,
    created_at timestamptz not null
  );
  create index stripe_customer_by_account on stripe_customer (account_id, created_at desc);
  comment on table stripe_customer is 'A customer of Stripe belongs to one account; of several the newest counts. Small, and the same everywhere.';
  comment on column stripe_customer.customer_index is 'A keyed hash of the id by which it is found.';
  comment on column stripe_customer.customer is 'The id as Stripe has it, encrypted.';
  comment on column stripe_customer.invalid_billing_address is 'Null = nobody has asked Stripe yet.';`;

const PRIVILEGES = `
  do $$
  begin
    if exists (select from pg_roles where rolname = 'tallyhouse_app') then
      grant select, insert, update on stripe_customer to tallyhouse_app;
    end if;
  end $$;`;
