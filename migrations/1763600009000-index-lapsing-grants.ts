import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: a job finds grants that have ended with something left, whatever their account. The index holds only such grants and
 * those that still will end, in the order in which they do.
 * Lock: writes to `credit_grant` wait while the index is built, seconds for a million grants.
 * Undo: `down` drops the index.
 */
export class IndexLapsingGrants1763600009000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(INDEX);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index credit_grant_by_end');
  }
}

const INDEX = `
  create index credit_grant_by_end on credit_grant (expires_at, account_id, id)
    where used + expired < amount and expires_at is not null`;
