import { Injectable } from '@nestjs/common';
import { sumContributions } from '../core/contribution';
import { parseQuantity } from '../core/quantity';
import { distinctState } from '../core/rollup';
import type { Sql } from '../platform/transaction';
import { GaugeService } from './gauge.service';
import type { PlainSums } from './group-sums';
import { IngestRepository, type StoredEvent, type StoredKey, type Totals } from './ingest.repository';
import type { PreparedEvent } from './prepared-event';
import { LateUsage, latePeriods } from './late-usage.service';
import { type Admission, LimitAdmission, type OwnHolds } from './limit-admission.service';
import { LimitRepository } from './limit.repository';
import { DUPLICATE, type Outcome, RECORDED, type Told } from './outcome';
import { differingFields } from './stored-event.wire';
import { GRAIN, ValueRepository } from './value.repository';

/** The catalogue moved on between the computing and the storing of a group: compute it again. */
export class OutdatedCatalogue extends Error {}

interface CarefulOptions {
  /** A lost COMMIT of these very events may have happened, so a known key with the same content counts as recorded (decision 13). */
  readonly mine?: boolean;
  /** The reservation that holds something for these events already. */
  readonly own?: OwnHolds;
}

/**
 * The careful path of a group: everything the one-statement path cannot do. It skips known keys and says whether
 * they hold the same content, judges limits one by one, sets levels, counts distinct values, and keeps personal attributes
 * apart.
 */
@Injectable()
export class CarefulCommit {
  constructor(
    private readonly ingest: IngestRepository,
    private readonly values: ValueRepository,
    private readonly gauges: GaugeService,
    private readonly late: LateUsage,
    private readonly admission: LimitAdmission,
    private readonly limits: LimitRepository,
  ) {}

  /** Runs inside the transaction of `sql`; events are distinct and sorted by key. Throws OutdatedCatalogue. */
  async store(
    sql: Sql,
    events: readonly PreparedEvent[],
    { mine = false, own }: CarefulOptions = {},
  ): Promise<Outcome[]> {
    const inserted = await this.ingest.insertKeys(sql, events);
    const isNew = (event: PreparedEvent): boolean => inserted.has(nameOf(event));
    const stored = await this.#storeNew(sql, events.filter(isNew), own);
    const known = await this.#judgeKnown(
      sql,
      events.filter((event) => !isNew(event)),
      mine,
    );
    return events.map((event) => stored.get(event) ?? known.get(event)!);
  }

  /** Events that are all new, some of them of periods that are over. Throws 23505 when a key is known, and OutdatedCatalogue. */
  async insertLate(sql: Sql, events: readonly PreparedEvent[], sums: PlainSums): Promise<Totals> {
    const totals = await this.ingest.insertNew(sql, events, sums);
    if (totals === null) throw new OutdatedCatalogue();
    await this.late.mark(sql, latePeriods(events));
    return totals;
  }

  /** Admits what limits allow and stores it. The ids of refused events are free again: they may be sent once more. */
  async #storeNew(
    sql: Sql,
    fresh: readonly PreparedEvent[],
    own: OwnHolds | undefined,
  ): Promise<Map<PreparedEvent, Outcome>> {
    if (fresh.length === 0) return new Map();
    const admission = await this.admission.admit(sql, fresh, own);
    const outcomes = new Map<PreparedEvent, Outcome>(admission.refused);
    if (outcomes.size > 0) await this.limits.freeKeys(sql, [...outcomes.keys()]);
    const admitted = fresh.filter((event) => !outcomes.has(event));
    if (admitted.length === 0) return outcomes;
    const totals = await this.#count(sql, admitted, admission);
    await this.admission.note(sql, admission);
    for (const event of admitted) outcomes.set(event, recordedAs(event, totals));
    return outcomes;
  }

  async #count(sql: Sql, events: readonly PreparedEvent[], { guardOf }: Admission): Promise<Totals> {
    const { counters, windows } = sumContributions(events);
    await this.gauges.setLevels(sql, events);
    const uniques = counters.filter((sum) => sum.values !== null);
    const changes = await this.values.add(sql, GRAIN.segment, uniques);
    uniques.forEach((sum, i) => (sum.state = distinctState(changes[i]!)));
    const personal = events.filter((event) => event.personal !== null);
    if (personal.length > 0) await this.ingest.mergeProfiles(sql, personal);
    const guards = counters.map(guardOf);
    const totals = await this.ingest.store(sql, events, { counters, windows, guards });
    if (totals === null) throw new OutdatedCatalogue();
    await this.late.mark(sql, latePeriods(events));
    return totals;
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
      outcomes.set(event, await this.#judge(sql, event, { stored: stored.get(nameOf(event)), mine }));
    }
    return outcomes;
  }

  async #judge(
    sql: Sql,
    event: PreparedEvent,
    { stored, mine }: { stored: StoredKey | undefined; mine: boolean },
  ): Promise<Outcome> {
    const isSame = stored === undefined || stored.content === event.content;
    if (isSame && (event.ask === null || stored === undefined)) return mine ? RECORDED : DUPLICATE;
    const before = await this.ingest.readEvent(sql, event.accountId, stored);
    if (!isSame) return { status: 'conflict', fields: differingFields(event, before) };
    const told = before && toldBy(before);
    return { status: mine ? 'recorded' : 'duplicate', ...(told ? { told } : {}) };
  }
}

function nameOf({ key, accountId }: PreparedEvent): string {
  return `${key} ${accountId}`;
}

/** What an event is answered with that was stored just now. */
export function recordedAs(event: PreparedEvent, totals: Totals): Outcome {
  const used = event.ask === null ? undefined : totals.get(nameOf(event));
  if (used === undefined) return RECORDED;
  const { meterId, dims } = event.ask!;
  const reading = event.readings.find(({ meter }) => meter.id === meterId)!;
  const rule = dims === '' ? event.limits.ruleOf(reading.meter) : null;
  return { status: 'recorded', told: { used, limit: rule?.limit ?? null } };
}

function toldBy({ used_after: used, limit_then: limit }: StoredEvent): Told | undefined {
  if (used === null) return undefined;
  return { used: parseQuantity(used), limit: limit === null ? null : parseQuantity(limit) };
}
