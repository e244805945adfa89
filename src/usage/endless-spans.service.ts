import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { once } from '../platform/metrics';
import { Database } from '../platform/transaction';
import { SpanRepository } from './span.repository';

/** The original looks no further back for what runs; here it is charged on, and its operator is told. */
const ENDLESS_MS = 10 * 86_400_000;

/** Under the name that an operator of the original has on his dashboards. */
const NAME = 'gitpod_usage_job_stopped_instances_without_stopping_time_count';

/** Notices what has been running for so long that its stop was probably never told: it costs more every minute. */
@Injectable()
export class EndlessSpans {
  readonly #count = once(
    NAME,
    () =>
      new Gauge({ name: NAME, help: 'Instances that run for more than ten days, at the last ledger run' }),
  );

  constructor(
    private readonly spans: SpanRepository,
    private readonly database: Database,
  ) {}

  async notice(now: Date): Promise<void> {
    this.#count.set(await this.spans.countEndless(this.database, new Date(now.getTime() - ENDLESS_MS)));
  }
}
