import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: whether an account has a payment overdue, and since when, so that it can be read without asking Stripe.
 * Lock: `account` for a moment: a default that Postgres keeps in the catalogue, and a column without one.
 * Undo: `down` drops the columns; that payments are overdue is then forgotten.
 */
export class AddPaymentProfile1763600018000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The running role may update the table already, and with it columns that come later.
    await runner.query(`
      alter table account
        add column payment_overdue boolean not null default false,
        add column payment_overdue_since timestamptz;
      comment on column account.payment_overdue is 'A payment failed and none has succeeded since.';
      comment on column account.payment_overdue_since is 'From when on; null = nothing is overdue.';`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table account drop column payment_overdue, drop column payment_overdue_since`);
  }
}
