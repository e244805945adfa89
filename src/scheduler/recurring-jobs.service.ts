import { Inject, Injectable } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CONFIG, type Config } from '../platform/config';
import { JobRunner } from './job-runner.service';

const SHORTEST_LEASE_MS = 10_000;
/** A timer of Node does not reach further. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** Jobs that run as often as they are configured to; null = never by themselves, only by hand. */
@Injectable()
export class RecurringJobs {
  constructor(
    private readonly runner: JobRunner,
    private readonly timers: SchedulerRegistry,
    @Inject(CONFIG) private readonly config: Pick<Config, 'role'>,
  ) {}

  /** How a job describes its times: the lease is as long as the interval, and renewed while the job runs. */
  planOf(everyMs: number | null): { when: string; leaseMs: number } {
    const when = everyMs === null ? 'never by itself' : `every ${durationText(everyMs)}`;
    return { when, leaseMs: Math.max(SHORTEST_LEASE_MS, Math.min(everyMs ?? 0, 600_000)) };
  }

  /** Sets the timer in a process that runs jobs; the first turn comes one interval after the start. */
  start(name: string, everyMs: number | null): void {
    if (everyMs === null || this.config.role === 'api') return;
    const interval = Math.min(everyMs, LONGEST_TIMER_MS);
    this.timers.addInterval(
      name,
      setInterval(() => void this.runner.run(name), interval),
    );
  }
}

function durationText(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}
