import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../transaction';

/** One run of a job for one period, with the token that proves whose it is. */
export interface RunKey {
  readonly job: string;
  readonly period: string;
  readonly token: string;
}

/** A run as it is shown. */
export interface StoredRun {
  readonly job: string;
  readonly period: string;
  readonly attempts: number;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly error: string | null;
}

/** The last turn of a job. */
export interface StoredTurn {
  readonly job: string;
  readonly started_at: Date;
  readonly finished_at: Date;
  readonly error: string | null;
}

/** The row decides who runs: whoever finds it finished, or leased to somebody alive, gets nothing. */
const TAKE_RUN_ONCE = `
  insert into job_run as run (job, period, token, lease_until)
  values ($1, $2, $3, now() + $4 * interval '1 millisecond')
  on conflict (job, period) do update
    set token = excluded.token, lease_until = excluded.lease_until, started_at = now(), attempts = run.attempts + 1
    where run.finished_at is null and run.lease_until <= now()
  returning token`;

const OWN = 'job = $1 and period = $2 and token = $3 and finished_at is null';

/** Keeps a run that is still ours, in time or not, as long as nobody has taken it over. */
const RENEW_OWN_RUN = `
  update job_run set lease_until = now() + $4 * interval '1 millisecond' where ${OWN} returning token`;

/** Locks a run that is still ours, so that nobody takes it over before the caller's transaction ends. */
const FENCE_OWN_RUN = `select token from job_run where ${OWN} for update`;

const FINISH_OWN_RUN = `
  update job_run set finished_at = clock_timestamp(), lease_until = now(), error = null where ${OWN} returning token`;

/** A failed run may be taken again at once. */
const FAIL_OWN_RUN = `update job_run set lease_until = now(), error = $4 where ${OWN} returning token`;

const IS_FINISHED = 'select finished_at is not null as finished from job_run where job = $1 and period = $2';

const LIST_UNFINISHED = `
  select p.period from unnest($2::text[]) with ordinality as p(period, place)
  where not exists (
    select from job_run r where r.job = $1 and r.period = p.period and r.finished_at is not null)
  order by p.place`;

const LAST_RUNS = `
  select r.job, r.period, r.attempts, r.started_at, r.finished_at, r.error
  from unnest($1::text[]) as j(job)
  cross join lateral (
    select * from job_run r where r.job = j.job order by r.started_at desc limit 1) r`;

const LAST_TURNS = 'select job, started_at, finished_at, error from job_turn where job = any($1::text[])';

/** The newest turn stays, whoever notes his first. */
const NOTE_TURN = `
  insert into job_turn as turn (job, started_at, finished_at, error) values ($1, $2, $3, $4)
  on conflict (job) do update
    set started_at = excluded.started_at, finished_at = excluded.finished_at, error = excluded.error
    where turn.finished_at <= excluded.finished_at`;

/** The rows of `job_run` and `job_turn`. */
@Injectable()
export class JobRepository {
  constructor(private readonly database: Database) {}

  /** Each of these says whether the run is ours. */
  take(run: RunKey, leaseMs: number): Promise<boolean> {
    return isOurs(this.database, TAKE_RUN_ONCE, [...valuesOf(run), leaseMs]);
  }

  renew(run: RunKey, leaseMs: number): Promise<boolean> {
    return isOurs(this.database, RENEW_OWN_RUN, [...valuesOf(run), leaseMs]);
  }

  fence(sql: Sql, run: RunKey): Promise<boolean> {
    return isOurs(sql, FENCE_OWN_RUN, valuesOf(run));
  }

  finish(run: RunKey, sql: Sql = this.database): Promise<boolean> {
    return isOurs(sql, FINISH_OWN_RUN, valuesOf(run));
  }

  fail(run: RunKey, error: string): Promise<boolean> {
    return isOurs(this.database, FAIL_OWN_RUN, [...valuesOf(run), error]);
  }

  async isFinished(job: string, period: string): Promise<boolean> {
    const [row] = await this.database.query<{ finished: boolean }>(IS_FINISHED, [job, period]);
    return row?.finished ?? false;
  }

  /** Those of the periods that have no finished run, in the same order. */
  async unfinished(job: string, periods: readonly string[]): Promise<string[]> {
    const rows = await this.database.query<{ period: string }>(LIST_UNFINISHED, [job, periods]);
    return rows.map(({ period }) => period);
  }

  lastRuns(jobs: readonly string[]): Promise<StoredRun[]> {
    return this.database.query<StoredRun>(LAST_RUNS, [jobs]);
  }

  lastTurns(jobs: readonly string[]): Promise<StoredTurn[]> {
    return this.database.query<StoredTurn>(LAST_TURNS, [jobs]);
  }

  async noteTurn({ job, started_at, finished_at, error }: StoredTurn): Promise<void> {
    await this.database.query(NOTE_TURN, [job, started_at, finished_at, error]);
  }
}

function valuesOf({ job, period, token }: RunKey): unknown[] {
  return [job, period, token];
}

async function isOurs(sql: Sql, statement: string, values: unknown[]): Promise<boolean> {
  return (await sql.query(statement, values)).length > 0;
}
