import { Inject, Injectable } from '@nestjs/common';
import type { RunClock } from '../platform/account-clock';
import { CONFIG, type Config } from '../platform/config';
import { inParallel } from '../platform/in-parallel';
import { storedGauge } from '../platform/metrics-stored';
import { Database } from '../platform/transaction';
import { EndlessSpans } from './endless-spans.service';
import { SpanAccrual } from './span-accrual.service';
import { SpanFold } from './span-fold.service';
import { type MarkedResource, SpanMarkRepository } from './span-mark.repository';

/** Resources in one transaction: enough to share its round trips, few enough to hold their accounts for moments only. */
const RESOURCES = 1_000;
const BUCKETS_AT_ONCE = 3;

/** What one run did. */
export interface Reconciled {
  /** Spans that were made or changed. */
  readonly spans: number;
  /** Accounts whose running spans were accrued. */
  readonly accounts: number;
}

/**
 * Makes the ledger agree with what is known of spans: what ended is charged, what runs is pending. Work is found by marks, not
 * by looking back, so nothing is missed however long nobody ran this; any number of processes may.
 */
@Injectable()
export class ReconcileUsageService {
  constructor(
    private readonly marks: SpanMarkRepository,
    private readonly folds: SpanFold,
    private readonly accruals: SpanAccrual,
    private readonly endless: EndlessSpans,
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: Pick<Config, 'databasePoolSize'>,
  ) {
    const help = 'Changes of levels not charged or accrued yet; no more than 100,000 are counted';
    storedGauge({ name: 'tallyhouse_span_marks', help }, async () => [{ value: await this.marks.count() }]);
  }

  /** Settles every span that was told of anew, and accrues those that run, as of `clock.now`. */
  async run(clock: RunClock): Promise<Reconciled> {
    const spans = await this.#inParallel(await this.marks.markedBuckets(), (bucket) =>
      this.#foldBucket(bucket, clock),
    );
    const accounts = await this.#inParallel(await this.accruals.buckets(), (bucket) =>
      this.accruals.accrue(bucket, clock),
    );
    if (clock.testClock === null) await this.endless.notice(clock.now);
    return { spans: sum(spans), accounts: sum(accounts) };
  }

  /** The same, after all that ended in `[from, to)` was marked once more. */
  async runAgain({ from, to }: { from: Date; to: Date }, clock: RunClock): Promise<Reconciled> {
    if (from < to) await this.marks.markEnded(from, to);
    return this.run(clock);
  }

  async #foldBucket(bucket: number, clock: RunClock): Promise<number> {
    let changed = 0;
    for (let after: MarkedResource | null = null; ;) {
      const resources: MarkedResource[] = await this.marks.markedAfter(bucket, after, RESOURCES);
      if (resources.length === 0) return changed;
      changed += await this.database.transaction((tx) => this.folds.fold(tx, { bucket, resources, clock }));
      after = resources.at(-1)!;
    }
  }

  #inParallel(buckets: readonly number[], work: (bucket: number) => Promise<number>): Promise<number[]> {
    const workers = Math.min(BUCKETS_AT_ONCE, Math.floor(this.config.databasePoolSize / 2));
    return inParallel(buckets, workers, work);
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((total, each) => total + each, 0);
