import { Injectable } from '@nestjs/common';
import { type Stretch, type Sum, sumContributions } from '../core/contribution';
import { readings } from '../core/event';
import type { Meter } from '../core/meter';
import { EMPTY_STATE, mergeStates } from '../core/rollup';
import type { Sql } from '../platform/transaction';
import { EventRepository } from './event.repository';

/** What to fold again: one meter of one account over one stretch of one segment. */
export interface Refold {
  readonly bucket: number;
  readonly accountId: number;
  readonly meter: Meter;
  readonly stretch: Stretch;
}

/** Computes rollups from the events themselves, by the same readings that ingest used. */
@Injectable()
export class RefoldService {
  constructor(private readonly events: EventRepository) {}

  /**
   * The state of each combination of dimensions over the stretch, and under '' the total. Reads O(events of the
   * stretch) in pages. Inside a transaction it sees what that transaction sees.
   */
  async fold(sql: Sql, { bucket, accountId, meter, stretch }: Refold): Promise<Map<string, Sum>> {
    const folded = new Map<string, Sum>();
    const range = { accountId, from: new Date(stretch.from), to: new Date(stretch.to) };
    for await (const page of this.events.effective(sql, range, meter)) {
      const placed = page.map((event) => ({
        bucket,
        accountId,
        key: event.key,
        at: event.at,
        segment: stretch,
        readings: readings(event, [meter]),
      }));
      for (const sum of sumContributions(placed).counters) mergeInto(folded, sum);
    }
    return folded;
  }
}

function mergeInto(folded: Map<string, Sum>, sum: Sum): void {
  const before = folded.get(sum.dims);
  if (before === undefined) {
    folded.set(sum.dims, sum);
    return;
  }
  before.state = mergeStates(before.state ?? EMPTY_STATE, sum.state);
  for (const [value, refs] of sum.values ?? [])
    before.values!.set(value, (before.values!.get(value) ?? 0) + refs);
}
