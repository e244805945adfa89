import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { Clock } from '../clock';
import { once } from '../metrics';

/** The one job of the original whose last end has a gauge of its own: an alert asks how long ago it succeeded. */
const LEDGER = 'ledger';

const STARTED = 'gitpod_usage_scheduler_job_started_total';
const COMPLETED = 'gitpod_usage_scheduler_job_completed_seconds';
const LEDGER_COMPLETED = 'gitpod_usage_ledger_last_completed_time';

/** Turns of jobs, under the names the original has for them. A turn that found the lock taken is no turn. */
@Injectable()
export class JobMetrics {
  readonly #started = once(
    STARTED,
    () => new Counter({ name: STARTED, help: 'Turns of jobs that began', labelNames: ['job'] }),
  );
  readonly #completed = once(COMPLETED, () => {
    const labelNames = ['job', 'outcome'];
    const buckets = [30, 60, 90, 120, 150, 180, 210, 240, 270, 300];
    return new Histogram({ name: COMPLETED, help: 'Seconds a turn of a job took', labelNames, buckets });
  });
  readonly #ledger = once(LEDGER_COMPLETED, () => {
    const help = 'When the ledger job last ended, in seconds since 1970';
    return new Gauge({ name: LEDGER_COMPLETED, help, labelNames: ['outcome'] });
  });

  constructor(private readonly clock: Clock) {}

  /** Shows a job that has not run yet. */
  know(job: string): void {
    this.#started.inc({ job }, 0);
  }

  /** Runs one turn and counts it; what it throws is thrown on. */
  async turn(job: string, work: () => Promise<unknown>): Promise<void> {
    this.#started.inc({ job });
    const startedMs = performance.now();
    const ended = (outcome: 'success' | 'error'): void => {
      this.#completed.observe({ job, outcome }, (performance.now() - startedMs) / 1000);
      if (job === LEDGER) this.#ledger.set({ outcome }, this.clock.now().getTime() / 1000);
    };
    try {
      await work();
    } catch (error) {
      ended('error');
      throw error;
    }
    ended('success');
  }
}
