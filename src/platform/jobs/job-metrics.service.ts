import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { Clock } from '../clock';
import { once } from '../metrics';
import { storedGauge, type StoredValue } from '../metrics-stored';
import { JobRepository, type StoredTurn } from './job.repository';

/** The one job of the original whose last end has a gauge of its own: an alert asks how long ago it succeeded. */
const LEDGER = 'ledger';

const STARTED = 'gitpod_usage_scheduler_job_started_total';
const COMPLETED = 'gitpod_usage_scheduler_job_completed_seconds';
const LEDGER_COMPLETED = 'gitpod_usage_ledger_last_completed_time';

/**
 * Ours have the job in the label `name`: a scraper keeps `job` for its own, and calls the one of the names above
 * `exported_job`.
 */
const SECONDS = 'tallyhouse_job_seconds';
const PERIOD = 'tallyhouse_job_period_seconds';
const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900];

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

  readonly #seconds = once(SECONDS, () => {
    const help = 'Seconds a turn of a job took, by job and outcome';
    return new Histogram({ name: SECONDS, help, labelNames: ['name', 'outcome'], buckets: BUCKETS });
  });
  readonly #period = once(PERIOD, () => {
    const help = 'How often a turn of a job is to succeed; not shown for jobs without a schedule';
    return new Gauge({ name: PERIOD, help, labelNames: ['name'] });
  });
  readonly #known = new Set<string>();
  readonly #succeededAt = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly stored: JobRepository,
  ) {
    const success = 'When a turn of a job last succeeded in any process, in seconds since 1970';
    const last = { name: 'tallyhouse_job_last_success_timestamp_seconds', help: success } as const;
    storedGauge(last, () => this.#lastSuccesses(), ['name']);
    const failure = '1 when the last turn of a job failed, in whichever process, else 0';
    const failing = { name: 'tallyhouse_job_failing', help: failure } as const;
    storedGauge(failing, () => this.#failing(), ['name']);
  }

  /** Shows a job that has not run yet, and how often it should if that is known. */
  know(job: string, everyMs: number | null): void {
    this.#known.add(job);
    this.#started.inc({ job }, 0);
    if (everyMs !== null) this.#period.set({ name: job }, everyMs / 1000);
  }

  /** Runs one turn and counts it; what it throws is thrown on. */
  async turn(job: string, work: () => Promise<unknown>): Promise<void> {
    this.#started.inc({ job });
    const startedMs = performance.now();
    const ended = (outcome: 'success' | 'error'): void => {
      const seconds = (performance.now() - startedMs) / 1000;
      this.#completed.observe({ job, outcome }, seconds);
      this.#seconds.observe({ name: job, outcome }, seconds);
      const at = this.clock.now().getTime() / 1000;
      if (outcome === 'success') this.#succeededAt.set(job, at);
      if (job === LEDGER) this.#ledger.set({ outcome }, at);
    };
    try {
      await work();
    } catch (error) {
      ended('error');
      throw error;
    }
    ended('success');
  }

  /** Other processes' turns are in the rows, which lag by up to a minute; a success of ours may be behind a failure there. */
  async #lastSuccesses(): Promise<StoredValue[]> {
    for (const { job, finished_at, error } of await this.#lastTurns()) {
      const at = finished_at.getTime() / 1000;
      if (error === null) this.#succeededAt.set(job, Math.max(at, this.#succeededAt.get(job) ?? 0));
    }
    return [...this.#succeededAt].map(([name, value]) => ({ labels: { name }, value }));
  }

  async #failing(): Promise<StoredValue[]> {
    const turns = await this.#lastTurns();
    return turns.map(({ job, error }) => ({ labels: { name: job }, value: error === null ? 0 : 1 }));
  }

  #lastTurns(): Promise<StoredTurn[]> {
    return this.stored.lastTurns([...this.#known]);
  }
}
