import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Why: what each project used since the month began (UTC), for readers of the database such as reports and dashboards.
 * Lock: none that matters, a view is new.
 * Undo: `down` drops it; it holds nothing.
 */
export class CreateProjectUsageSummary1763600007000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(PROJECT_USAGE_SUMMARY);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop view project_usage_summary');
  }
}

/** The changes of level of one meter of the account `a`, each with the moment at which the next one of its resource takes over. */
const LEVELS = (meter: string): string => `
    select m.divide_by, l.level, l.occurred_at as from_at,
      coalesce(lead(l.occurred_at) over (partition by l.resource order by l.occurred_at, l.key), 'infinity') as to_at
    from meter m join level_change l on l.bucket = a.bucket and l.account_id = a.id and l.meter_id = m.id
    where m.key = '${meter}' and l.occurred_at <= now()`;

const INTEGRAL = (meter: string): string => `(
    select coalesce(sum(s.level * (extract(epoch from least(s.to_at, now()) - greatest(s.from_at, p.since)) * 1000) / s.divide_by), 0)
    from (${LEVELS(meter)}) s
    where s.to_at > p.since and s.level <> 0)`;

const STANDING = (meter: string): string => `(
    select coalesce(sum(s.level / s.divide_by), 0) from (${LEVELS(meter)}) s where s.to_at > now())`;

const SUM = (meter: string): string => `(
    select coalesce(sum(w.sum / m.divide_by), 0)
    from meter m join usage_window w on w.bucket = a.bucket and w.account_id = a.id and w.meter_id = m.id
    where m.key = '${meter}' and w.from_at >= p.since and w.from_at <= now() and (w.dims = '') = (m.dimensions = '{}'))`;

/** The key is shown as text: nothing says that every project is named by a uuid. */
const PROJECT_USAGE_SUMMARY = `
  create view project_usage_summary as
  select substr(a.key, length('project:') + 1) as project_id, a.name as project_name, p.since as period_start,
    ${INTEGRAL('compute_gb_hours')} as compute_gb_hours,
    ${SUM('build_minutes')} as build_minutes,
    ${INTEGRAL('storage_gb_hours')} as storage_gb_hours,
    ${SUM('bandwidth_gb')} as bandwidth_gb,
    ${STANDING('custom_domains')} as custom_domains
  from account a cross join (select date_trunc('month', now(), 'UTC') as since) p
  where starts_with(a.key, 'project:');
  comment on view project_usage_summary is
    'What each project used since the month began (UTC), in units; domains as they stand now. Builds and traffic as of the last turn of the job rollup, seconds ago.';`;
