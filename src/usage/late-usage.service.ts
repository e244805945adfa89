import { Injectable } from '@nestjs/common';
import type { AccountRef } from '../core/account';
import type { Stretch } from '../core/contribution';
import type { Sql } from '../platform/transaction';
import { type LatePeriod, LateUsageRepository } from './late-usage.repository';

/** An event, and whether its period was over when it came. */
interface LateEvent {
  readonly bucket: number;
  readonly accountId: number;
  readonly segment: Stretch;
  readonly isLate: boolean;
}

/** The periods of events that came after their end. */
export function latePeriods(events: readonly LateEvent[]): LatePeriod[] {
  return events
    .filter(({ isLate }) => isLate)
    .map(({ bucket, accountId, segment }) => ({ bucket, accountId, from: segment.from }));
}

/** Which closed periods have to be rated again, because what was counted in them changed. */
@Injectable()
export class LateUsage {
  constructor(private readonly marks: LateUsageRepository) {}

  /** Marks periods, each once, in the transaction that changes their counters. */
  async mark(sql: Sql, periods: readonly LatePeriod[]): Promise<void> {
    const distinct = new Map(periods.map((each) => [`${each.accountId} ${each.from}`, each]));
    if (distinct.size > 0) await this.marks.mark(sql, [...distinct.values()]);
  }

  /** Takes the marks of accounts of one bucket; their counters are to be read in a later statement of the same transaction. */
  take(sql: Sql, bucket: number, accountIds: readonly number[]): Promise<Map<number, Set<number>>> {
    return this.marks.take(sql, bucket, accountIds);
  }

  /** The marks of one account, left where they are. */
  peek(sql: Sql, account: AccountRef): Promise<Set<number>> {
    return this.marks.peek(sql, account);
  }
}
