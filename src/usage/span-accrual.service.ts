import { Injectable } from '@nestjs/common';
import { creditsOfRun } from '../core/credits';
import { quantity } from '../core/quantity';
import type { RunClock } from '../platform/account-clock';
import { Database, type Sql } from '../platform/transaction';
import { type Accrual, SpanAccrualRepository } from './span-accrual.repository';
import { SpanFold } from './span-fold.service';
import { SpanMarkRepository } from './span-mark.repository';
import { type OpenSpan, type SpanPlace, SpanRepository } from './span.repository';

const ACCOUNTS = 500;
const SPANS = 10_000;

/** What running spans cost grows with time: moves the sums of their accounts on to now. */
@Injectable()
export class SpanAccrual {
  constructor(
    private readonly accruals: SpanAccrualRepository,
    private readonly spans: SpanRepository,
    private readonly marks: SpanMarkRepository,
    private readonly folds: SpanFold,
    private readonly database: Database,
  ) {}

  buckets(): Promise<number[]> {
    return this.accruals.runningBuckets();
  }

  /** Moves the accounts of a bucket on; those that stand at `now` already cost nothing but the look. */
  async accrue(bucket: number, clock: RunClock): Promise<number> {
    let moved = 0;
    for (let after = 0; ;) {
      const accountIds = await this.accruals.runningAfter(bucket, { after, limit: ACCOUNTS, clock });
      if (accountIds.length === 0) return moved;
      moved += await this.database.transaction((tx) => this.#moveOn(tx, bucket, { accountIds, clock }));
      after = accountIds.at(-1)!;
    }
  }

  async #moveOn(
    sql: Sql,
    bucket: number,
    { accountIds, clock }: { accountIds: readonly number[]; clock: RunClock },
  ): Promise<number> {
    const { testClock } = clock;
    const locked = await this.accruals.lockAccounts(sql, bucket, { accountIds, testClock });
    const now = clock.now.getTime();
    const closed = [...locked].filter(([, { closedAt }]) => closedAt !== null && closedAt <= now);
    // Folding ends what still runs; until then it costs no more than it does.
    await this.marks.appendOpen(
      sql,
      bucket,
      closed.map(([id]) => id),
    );
    for (const [id] of closed) locked.delete(id);
    const stored = await this.accruals.of(sql, bucket, [...locked.keys()]);
    const due = new Map([...stored].filter(([, { at }]) => at < now));
    const grown = await this.#growth(sql, bucket, { due, now });
    const moved = [...due.values()].map((accrual) => ({
      ...accrual,
      at: now,
      amount: quantity(accrual.amount + (grown.get(accrual.accountId) ?? 0n)),
    }));
    await this.folds.putAccruals(sql, bucket, moved);
    return moved.length;
  }

  /** By how much the running spans of each account cost more at `now` than when they were last accrued, page by page. */
  async #growth(
    sql: Sql,
    bucket: number,
    { due, now }: { due: ReadonlyMap<number, Accrual>; now: number },
  ): Promise<Map<number, bigint>> {
    const grown = new Map<number, bigint>();
    const accountIds = [...due.keys()];
    for (let after: SpanPlace | null = null; accountIds.length > 0;) {
      const page: OpenSpan[] = await this.spans.openAfter(sql, bucket, { accountIds, after, limit: SPANS });
      for (const { accountId, startedAt, rate } of page) {
        const run = { startedAt, stoppingAt: null, stoppedAt: null };
        const costsAt = (at: number): bigint => creditsOfRun(run, { now: at, perMinute: rate });
        const growth = costsAt(now) - costsAt(due.get(accountId)!.at);
        grown.set(accountId, (grown.get(accountId) ?? 0n) + growth);
      }
      if (page.length < SPANS) break;
      after = page.at(-1)!;
    }
    return grown;
  }
}
