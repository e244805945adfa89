import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { CONFIG, type Config } from '../platform/config';
import { Jobs, type Job } from '../platform/jobs/jobs.service';
import { Logger } from '../platform/logger';
import { JobRunner } from './job-runner.service';

const LEASE_MS = 60_000;

/**
 * Runs jobs as often as they are configured. The last turn any process noted counts, so that a long period is kept over
 * restarts: what came due while nobody ran is run at once. A job that never ran waits for one period.
 */
@Injectable()
export class JobTimers implements OnModuleDestroy {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #stopped = false;

  constructor(
    private readonly runner: JobRunner,
    private readonly jobs: Jobs,
    private readonly clock: Clock,
    private readonly logger: Logger,
    @Inject(CONFIG) private readonly config: Pick<Config, 'role'>,
  ) {}

  /** How a job tells its times; the lease is renewed while it runs, whatever its period. */
  planOf(everyMs: number | null): Pick<Job, 'when' | 'everyMs' | 'leaseMs'> {
    const when = everyMs === null ? 'never by itself' : `every ${durationText(everyMs)}`;
    return { when, everyMs, leaseMs: LEASE_MS };
  }

  /** Runs a job of that name every `everyMs` from now on; null, or a process that runs no jobs: never. */
  start(name: string, everyMs: number | null): void {
    if (everyMs === null || this.config.role === 'api') return;
    const calledMs = performance.now();
    void this.#untilDue(name, everyMs).then((dueMs) => {
      const elapsedMs = performance.now() - calledMs;
      this.#arm(name, everyMs, Math.max(0, dueMs - elapsedMs));
    });
  }

  onModuleDestroy(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** One turn does not wait for the one before: that one's lock makes it do nothing. */
  #arm(name: string, everyMs: number, dueMs: number): void {
    if (this.#stopped) return;
    const turn = (): void => {
      this.#arm(name, everyMs, everyMs);
      void this.runner.run(name);
    };
    this.#timers.set(name, setTimeout(turn, dueMs));
  }

  async #untilDue(name: string, everyMs: number): Promise<number> {
    try {
      const last = await this.jobs.lastTurn(name);
      if (last === null) return everyMs;
      const agoMs = this.clock.now().getTime() - last.started_at.getTime();
      return Math.min(Math.max(everyMs - agoMs, 0), everyMs);
    } catch (error) {
      this.logger.warn(
        { err: error, job: name },
        'the last turn of a job is not known; it waits for one period',
      );
      return everyMs;
    }
  }
}

function durationText(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}
