import { withClosedApp } from '../app-console';
import { loadConfig } from '../platform/config';
import { Jobs } from '../platform/jobs/jobs.service';
import { environment } from './environment';
import { UsageError } from './usage-error';

export const JOB_HELP = `tallyhouse job run <name> | list

  run <name>   runs one turn of a job now, unless another process is at it, and waits for its end
  list         prints every job with what became of it last

Safe at any time: what was done for a period is not done again.`;

/** Runs or lists jobs; a job that fails throws. */
export async function job(args: readonly string[]): Promise<void> {
  const [verb, ...rest] = args;
  const [name, ...more] = rest;
  if (verb === 'list' && rest.length === 0) return withJobs(list);
  if (verb === 'run' && name !== undefined && more.length === 0) return withJobs((jobs) => run(jobs, name));
  throw new UsageError(`job does not know ${args.join(' ') || 'what to do'}`, JOB_HELP);
}

async function withJobs(work: (jobs: Jobs) => Promise<void>): Promise<void> {
  await withClosedApp(loadConfig(environment()), (app) => work(app.get(Jobs)));
}

async function run(jobs: Jobs, name: string): Promise<void> {
  const { started_at, finished_at } = await jobs.runByHand(name);
  console.log(`${name} ran for ${finished_at.getTime() - started_at.getTime()} ms`);
}

async function list(jobs: Jobs): Promise<void> {
  for (const { name, does, when, lastTurn } of await jobs.list()) {
    const last = lastTurn === null ? 'never noted' : lastTurn.finished_at.toISOString();
    console.log(`${name.padEnd(20)} ${when.padEnd(14)} last ${last}: ${lastTurn?.error ?? does}`);
  }
}
