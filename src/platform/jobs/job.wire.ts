import { z } from 'zod';
import { type AnswerOf, InstantText } from '../doors/open-api-answer';
import { JobPath } from './job.commands';
import type { StoredRun, StoredTurn } from './job.repository';
import type { ListedJob } from './jobs.service';

export const fromRestJobName = (path: unknown): string => JobPath.parse(path).name;

export const JobTurnAnswer = z
  .strictObject({
    job: z.string(),
    started_at: InstantText,
    finished_at: InstantText,
    error: z.string().nullable(),
  })
  .meta({ id: 'JobTurn' });

const JobRunAnswer = z
  .strictObject({
    period: z.string(),
    attempts: z.int(),
    started_at: InstantText,
    finished_at: InstantText.nullable().meta({ description: 'Null = it is under way, or its process died.' }),
    error: z.string().nullable().meta({ description: 'Of the last attempt that failed.' }),
  })
  .meta({ id: 'JobRun' });

export const JobsAnswer = z.strictObject({
  items: z.array(
    z
      .strictObject({
        name: z.string(),
        does: z.string(),
        when: z.string().meta({ description: 'When it runs by itself.' }),
        last_turn: JobTurnAnswer.nullable(),
        last_run: JobRunAnswer.nullable().meta({
          description: 'Of a job that does its work once per period.',
        }),
      })
      .meta({ id: 'Job' }),
  ),
});

export function toRestJobTurn(turn: StoredTurn): AnswerOf<typeof JobTurnAnswer> {
  const { job, started_at, finished_at, error } = turn;
  return { job, started_at: started_at.toISOString(), finished_at: finished_at.toISOString(), error };
}

function toRestJobRun(run: StoredRun): AnswerOf<typeof JobRunAnswer> {
  const { period, attempts, error } = run;
  const finished_at = run.finished_at?.toISOString() ?? null;
  return { period, attempts, started_at: run.started_at.toISOString(), finished_at, error };
}

export function toRestJobs(jobs: readonly ListedJob[]): AnswerOf<typeof JobsAnswer> {
  const items = jobs.map(({ name, does, when, lastTurn, lastRun }) => ({
    ...{ name, does, when, last_turn: lastTurn && toRestJobTurn(lastTurn) },
    last_run: lastRun && toRestJobRun(lastRun),
  }));
  return { items };
}
