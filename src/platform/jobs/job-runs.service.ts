import { Injectable } from '@nestjs/common';
import { DomainError } from '../../core/errors';
import { apartFromCall } from '../call-life';
import { Ids } from '../ids';
import { Logger } from '../logger';
import type { Sql } from '../transaction';
import { JobRepository, type RunKey } from './job.repository';

/** `ran` = done just now, `done` = it was done before, `busy` = somebody else is at it. */
export type RunOutcome = 'ran' | 'done' | 'busy';

/** A run that is ours. */
export interface JobRun {
  readonly period: string;
  /** Says that the run was taken over: whatever is under way should stop. */
  readonly signal: AbortSignal;
  /** First in a transaction of the work: throws `conflict` when somebody took over, and keeps others out till its end. */
  fence(sql: Sql): Promise<void>;
  /**
   * Finishes the run in the caller's own transaction, so that its effects happen exactly once. Throws `conflict` when
   * somebody took over. Without it the run is finished after the work has returned.
   */
  finish(sql: Sql): Promise<void>;
}

const LEASE_MS = 60_000;
const MAX_ERROR_LENGTH = 500;

/** Work that is done once for each period, by whoever comes first; a dead runner is succeeded when its lease ends. */
@Injectable()
export class JobRuns {
  constructor(
    private readonly runs: JobRepository,
    private readonly ids: Ids,
    private readonly logger: Logger,
  ) {}

  /**
   * Runs `work` unless a run of (job, period) has finished or is under way. Of all runs that were ever begun exactly one
   * finishes. What `work` throws is noted and thrown on, and the next caller runs it again.
   */
  async runOnce(
    job: string,
    period: string,
    work: (run: JobRun) => Promise<unknown>,
    { leaseMs = LEASE_MS } = {},
  ): Promise<RunOutcome> {
    // A run is not its caller's alone: it ends in good order though he has gone.
    return apartFromCall(() => this.#run({ job, period, leaseMs }, work));
  }

  async #run(
    { job, period, leaseMs }: { job: string; period: string; leaseMs: number },
    work: (run: JobRun) => Promise<unknown>,
  ): Promise<RunOutcome> {
    const key: RunKey = { job, period, token: this.ids.uuidv7() };
    if (!(await this.runs.take(key, leaseMs))) {
      return (await this.runs.isFinished(job, period)) ? 'done' : 'busy';
    }
    const lost = new AbortController();
    const stopRenewing = this.#keepRenewing(key, leaseMs, lost);
    try {
      const run = this.#runOf(key, lost.signal);
      await work(run);
      if (!run.isFinished()) mustBeOurs(await this.runs.finish(key), key);
      return 'ran';
    } catch (error) {
      await this.#note(key, error);
      throw error;
    } finally {
      stopRenewing();
    }
  }

  /** Those of the periods, in their order, that were not finished yet: what a job that slept has to catch up with. */
  missed(job: string, lastPeriods: readonly string[]): Promise<string[]> {
    return this.runs.unfinished(job, lastPeriods);
  }

  /** Runs what was missed, one period after the other, and answers the periods that ran here; the first failure ends it. */
  async catchUp(
    job: string,
    lastPeriods: readonly string[],
    work: (run: JobRun) => Promise<unknown>,
  ): Promise<string[]> {
    const ran: string[] = [];
    for (const period of await this.missed(job, lastPeriods)) {
      if ((await this.runOnce(job, period, work)) === 'ran') ran.push(period);
    }
    return ran;
  }

  #runOf(key: RunKey, signal: AbortSignal): JobRun & { isFinished(): boolean } {
    let finished = false;
    return {
      period: key.period,
      signal,
      fence: async (sql) => mustBeOurs(await this.runs.fence(sql, key), key),
      finish: async (sql) => {
        mustBeOurs(await this.runs.finish(key, sql), key);
        finished = true;
      },
      isFinished: () => finished,
    };
  }

  /** Renews three times per lease; a run that somebody took over aborts the signal. */
  #keepRenewing(key: RunKey, leaseMs: number, lost: AbortController): () => void {
    const renew = async (): Promise<void> => {
      try {
        if (await this.runs.renew(key, leaseMs)) return;
        clearInterval(timer);
        lost.abort();
      } catch (error) {
        this.logger.warn({ err: error, job: key.job, period: key.period }, 'a run could not be renewed');
      }
    };
    const timer = setInterval(() => void renew(), leaseMs / 3);
    return () => clearInterval(timer);
  }

  async #note(key: RunKey, error: unknown): Promise<void> {
    const words = (error instanceof Error ? error.message : String(error)).replaceAll('\u0000', '');
    // The failure itself is thrown on; that it could not be noted must not hide it.
    await this.runs.fail(key, words.slice(0, MAX_ERROR_LENGTH)).catch((cause: unknown) => {
      this.logger.warn({ err: cause, job: key.job }, 'the failure of a run could not be noted');
    });
  }
}

function mustBeOurs(isOurs: boolean, { job, period }: RunKey): void {
  if (!isOurs) throw new DomainError('conflict', `The run of ${job} for ${period} was taken over`);
}
