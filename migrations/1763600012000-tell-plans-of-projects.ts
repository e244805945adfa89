import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: the summary of projects tells which plan they have, as the original's view did; and accounts that are invoiced at a
 * threshold are found without reading all terms.
 * Lock: the view is replaced in an instant; the index is built while `terms` takes no writes, which are rare.
 * Undo: `down` puts the view back as it was and drops the index.
 */
export class TellPlansOfProjects1763600012000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create index terms_with_threshold on terms (account_id) where invoice_at is not null;
      alter view project_usage_summary rename to project_usage_without_plan;
      create view project_usage_summary as
      select u.*, p.plan_key as plan_id,
        case when t.plan_version_id is null then null when t.trial_ends_at > now() then 'trialing' else 'active' end
          as subscription_status
      from project_usage_without_plan u
      join account a on a.key = 'project:' || u.project_id
      left join lateral (
        select * from terms t where t.bucket = a.bucket and t.account_id = a.id and t.valid_from <= now()
        order by t.version desc limit 1) t on true
      left join plan_version p on p.id = t.plan_version_id;
      comment on view project_usage_summary is
        'What each project used since the month began (UTC), in units, and its plan; domains as they stand now. Builds and traffic as of the last turn of the job rollup, seconds ago.'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop view project_usage_summary;
      alter view project_usage_without_plan rename to project_usage_summary;
      drop index terms_with_threshold`);
  }
}
