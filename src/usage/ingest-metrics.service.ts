import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Registry, register } from 'prom-client';
import { gauge } from '../platform/metrics';

/** What operators watch on the write path: how big groups are, how long events wait for them, what became of them. */
@Injectable()
export class IngestMetrics {
  readonly #groupSize: Histogram;
  readonly #wait: Histogram;
  readonly #verdicts: Counter<'status'>;
  #depth: () => number = () => 0;
  #most = 0;

  constructor() {
    const registers = [register];
    for (const name of NAMES) register.removeSingleMetric(name);
    this.#groupSize = new Histogram({
      name: 'tallyhouse_ingest_group_events',
      help: 'Events stored by one transaction',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000],
      registers,
    });
    this.#wait = new Histogram({
      name: 'tallyhouse_ingest_wait_seconds',
      help: 'Time the first event of a group waited for its transaction to begin',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      registers,
    });
    this.#verdicts = new Counter({
      name: 'tallyhouse_ingest_verdicts_total',
      help: 'Events by what became of them',
      labelNames: ['status'],
      registers,
    });
    this.#queueGauge(register);
    const help = 'Events that may be accepted and not yet stored; beyond it callers are told to come back';
    gauge({ name: 'tallyhouse_ingest_queue_max_events', help }, () => this.#most);
  }

  /** The queue to be watched, and how many events it takes. */
  watchQueue(depth: () => number, most: number): void {
    this.#depth = depth;
    this.#most = most;
  }

  observeGroup(events: number, waitedMs: number): void {
    this.#groupSize.observe(events);
    this.#wait.observe(waitedMs / 1000);
  }

  countVerdicts(verdicts: readonly { readonly status: string }[]): void {
    const counts = new Map<string, number>();
    for (const { status } of verdicts) counts.set(status, (counts.get(status) ?? 0) + 1);
    for (const [status, count] of counts) this.#verdicts.inc({ status }, count);
  }

  #queueGauge(registry: Registry): void {
    const depth = (): number => this.#depth();
    new Gauge({
      name: 'tallyhouse_ingest_queue_events',
      help: 'Events accepted and not yet stored',
      registers: [registry],
      collect() {
        this.set(depth());
      },
    });
  }
}

const NAMES = [
  'tallyhouse_ingest_group_events',
  'tallyhouse_ingest_wait_seconds',
  'tallyhouse_ingest_verdicts_total',
  'tallyhouse_ingest_queue_events',
];
