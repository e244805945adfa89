import { Injectable } from '@nestjs/common';
import { sumContributions } from '../core/contribution';
import { distinctState } from '../core/rollup';
import type { Sql } from '../platform/transaction';
import { GaugeService } from './gauge.service';
import { IngestRepository, type PreparedEvent, type StoredKey, type Sums } from './ingest.repository';
import { LateUsage, latePeriods } from './late-usage.service';
import { differingFields } from './stored-event.wire';
import { GRAIN, ValueRepository } from './value.repository';

/** What became of one event of a group. */
export type Outcome =
  | { readonly status: 'recorded' }
  | { readonly status: 'duplicate' }
  | { readonly status: 'conflict'; readonly fields: readonly string[] }
  /** Postgres itself could not take the value, such as a sum beyond its digits. */
  | { readonly status: 'refused'; readonly reason: string };

export const RECORDED: Outcome = { status: 'recorded' };
export const DUPLICATE: Outcome = { status: 'duplicate' };

/** The catalogue moved on between the computing and the storing of a group: compute it again. */
export class OutdatedCatalogue extends Error {}

/**
 * The careful path of a group: everything the one-statement path cannot do. It skips known keys and says whether
 * they hold the same content, sets levels, counts distinct values, and keeps personal attributes apart.
 */
@Injectable()
export class CarefulCommit {
  constructor(
    private readonly ingest: IngestRepository,
    private readonly values: ValueRepository,
    private readonly gauges: GaugeService,
    private readonly late: LateUsage,
  ) {}

  /**
   * Runs inside the transaction of `sql`. `mine` = a lost COMMIT of these very events may have happened, so a known
   * key with the same content counts as recorded (decision 13). Throws OutdatedCatalogue.
   */
  async store(sql: Sql, events: readonly PreparedEvent[], mine = false): Promise<Outcome[]> {
    const inserted = await this.ingest.insertKeys(sql, events);
    const isNew = (event: PreparedEvent): boolean => inserted.has(`${event.key} ${event.accountId}`);
    const fresh = events.filter(isNew);
    if (fresh.length > 0) await this.#storeNew(sql, fresh);
    const known = await this.#judgeKnown(
      sql,
      events.filter((event) => !isNew(event)),
      mine,
    );
    return events.map((event) => (isNew(event) ? RECORDED : known.get(event)!));
  }

  /** Events that are all new, some of them of periods that are over. Throws 23505 when a key is known, and OutdatedCatalogue. */
  async insertLate(sql: Sql, events: readonly PreparedEvent[]): Promise<void> {
    if (!(await this.ingest.insertNew(sql, events, sumContributions(events)))) throw new OutdatedCatalogue();
    await this.late.mark(sql, latePeriods(events));
  }

  async #storeNew(sql: Sql, events: readonly PreparedEvent[]): Promise<void> {
    const { counters, windows } = sumContributions(events);
    await this.gauges.setLevels(sql, events);
    const uniques = counters.filter((sum) => sum.values !== null);
    const changes = await this.values.add(sql, GRAIN.segment, uniques);
    uniques.forEach((sum, i) => (sum.state = distinctState(changes[i]!)));
    const personal = events.filter((event) => event.personal !== null);
    if (personal.length > 0) await this.ingest.mergeProfiles(sql, personal);
    const sums: Sums = { counters, windows };
    if (!(await this.ingest.store(sql, events, sums))) throw new OutdatedCatalogue();
    await this.late.mark(sql, latePeriods(events));
  }

  async #judgeKnown(
    sql: Sql,
    events: readonly PreparedEvent[],
    mine: boolean,
  ): Promise<Map<PreparedEvent, Outcome>> {
    const outcomes = new Map<PreparedEvent, Outcome>();
    if (events.length === 0) return outcomes;
    const rows = await this.ingest.readKeys(sql, events);
    const stored = new Map(rows.map((row) => [`${row.key} ${row.account_id}`, row]));
    for (const event of events) {
      outcomes.set(
        event,
        await this.#judge(sql, event, { stored: stored.get(`${event.key} ${event.accountId}`), mine }),
      );
    }
    return outcomes;
  }

  async #judge(
    sql: Sql,
    event: PreparedEvent,
    { stored, mine }: { stored: StoredKey | undefined; mine: boolean },
  ): Promise<Outcome> {
    if (stored === undefined || stored.content === event.content) return mine ? RECORDED : DUPLICATE;
    const before = await this.ingest.readEvent(sql, event.accountId, stored);
    return { status: 'conflict', fields: differingFields(event, before) };
  }
}
