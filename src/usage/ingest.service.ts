import { Injectable } from '@nestjs/common';
import { DomainError } from '../core/errors';
import { Clock } from '../platform/clock';
import { type Principal, mayUseAccount } from '../platform/auth/principal';
import { type Catalogue, MeterService } from '../pricing/meter.service';
import { OutdatedCatalogue } from './careful-commit.service';
import { type Outcome, RECORDED } from './outcome';
import { CorrectionService } from './correction.service';
import { EventPreparer, type Preparing } from './event-preparer.service';
import type { CorrectUsage, RecordEvents, RecordUsage, Verdict } from './event-record.commands';
import { EventIdentity } from './event-identity.service';
import { GroupCommit } from './group-commit.service';
import { groupFailure, heldUp } from './group-failure';
import { IngestMetrics } from './ingest-metrics.service';
import type { PreparedEvent } from './prepared-event';
import { clashOf, inKeyOrder } from './twins';
import { PENDING, refuseAllWithOne, unreadableVerdict, verdictOf } from './verdict';

/** Up to here the events of a request share groups with those of others; beyond it they are a group of their own. */
const SINGLES_MAX = 20;

interface Ready {
  readonly index: number;
  readonly record: RecordUsage;
  event: PreparedEvent;
}

interface Setup extends Preparing {
  catalogue: Catalogue;
  reread: boolean;
}

/** Stores events: one operation behind every write door. */
@Injectable()
export class IngestService {
  constructor(
    private readonly preparer: EventPreparer,
    private readonly meters: MeterService,
    private readonly identity: EventIdentity,
    private readonly groups: GroupCommit,
    private readonly corrections: CorrectionService,
    private readonly metrics: IngestMetrics,
    private readonly clock: Clock,
  ) {}

  /**
   * Records events and corrections, one verdict per record in the order sent; durable when it returns. Corrections
   * run after the events of the same call. Throws `forbidden` (backfill without its scope), `unavailable` (nothing or
   * only a part may be stored: send the same again), and with `allOrNothing` the first refusal or conflict.
   */
  async recordEvents(command: RecordEvents, principal: Principal): Promise<Verdict[]> {
    if (command.backfill && !principal.scopes.has('events:backfill')) {
      throw new DomainError('forbidden', 'Backfill needs the scope events:backfill');
    }
    const now = this.clock.now().getTime();
    await this.preparer.learn(command.records, { principal, now });
    const setup: Setup = {
      principal,
      now,
      backfill: command.backfill,
      catalogue: await this.meters.catalogue(),
      reread: false,
    };
    const verdicts: Verdict[] = [];
    const ready: Ready[] = [];
    for (const [index, record] of command.records.entries()) {
      if (record.kind === 'unreadable') verdicts[index] = unreadableVerdict(record);
      else if (record.kind === 'usage') {
        if (!setup.reread && !setup.catalogue.byType.has(record.type)) await this.#reread(setup);
        this.#prepare({ index, record, ready, verdicts }, setup);
      } else verdicts[index] = this.#mayCorrect(record, principal) ?? PENDING;
    }
    if (command.allOrNothing) refuseAllWithOne(verdicts);
    await this.#store(ready, verdicts, { setup, allOrNothing: command.allOrNothing });
    await this.#correct(command, verdicts, setup);
    this.metrics.countVerdicts(verdicts);
    return verdicts;
  }

  /** A type nobody listens to may be that of a meter made a moment ago by another process. */
  async #reread(setup: Setup): Promise<void> {
    setup.catalogue = await this.meters.reread();
    setup.reread = true;
  }

  #prepare(
    target: { index: number; record: RecordUsage; ready: Ready[]; verdicts: Verdict[] },
    setup: Setup,
  ): void {
    const { index, record } = target;
    try {
      target.ready.push({ index, record, event: this.preparer.prepare(record, setup) });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      target.verdicts[index] = this.#refused(record, error);
    }
  }

  async #store(
    ready: readonly Ready[],
    verdicts: Verdict[],
    options: { setup: Setup; allOrNothing: boolean },
  ): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        const outcomes = await this.#commit(ready, options.allOrNothing);
        ready.forEach((item, i) => (verdicts[item.index] = verdictOf(item, outcomes[i]!)));
        if (options.allOrNothing) refuseAllWithOne(verdicts);
        return;
      } catch (error) {
        if (!(error instanceof OutdatedCatalogue) || attempt === 5) throw error;
        options.setup.catalogue = await this.meters.reread();
        for (const item of ready) item.event = this.preparer.prepare(item.record, options.setup);
      }
    }
  }

  async #commit(ready: readonly Ready[], allOrNothing: boolean): Promise<Outcome[]> {
    const events = ready.map((item) => item.event);
    if (events.length === 0) return [];
    // One event is all or nothing by itself, and a shared group stores it for less than a connection of its own.
    if (events.length === 1 || (events.length <= SINGLES_MAX && !allOrNothing))
      return this.#commitSingly(events);
    const { distinct, twins } = inKeyOrder(events);
    const clash = allOrNothing ? clashOf(distinct, twins) : null;
    if (clash) return events.map((event) => (event === clash.event ? clash.outcome : RECORDED));
    const outcomes = new Map<PreparedEvent, Outcome>();
    const judged = await this.#commitBatch(distinct, allOrNothing);
    if (twins.length === 0 && judged.every((outcome) => outcome === RECORDED)) return judged;
    distinct.forEach((event, i) => outcomes.set(event, judged[i]!));
    const judgedTwins = await this.#commitSingly(twins);
    twins.forEach((event, i) => outcomes.set(event, judgedTwins[i]!));
    return events.map((event) => outcomes.get(event)!);
  }

  /** A locked account or one bad event in a batch: each goes alone, so that the others are not held up by it. */
  async #commitBatch(events: readonly PreparedEvent[], allOrNothing: boolean): Promise<Outcome[]> {
    try {
      return await this.groups.submitBatch(events, { allOrNothing });
    } catch (error) {
      const failure = groupFailure(error);
      if (allOrNothing) throw failure === 'locked' ? heldUp() : error;
      if (failure !== 'locked' && failure !== 'poisoned') throw error;
      return this.#commitSingly(events);
    }
  }

  async #commitSingly(events: readonly PreparedEvent[]): Promise<Outcome[]> {
    if (events.length === 1) return [await this.groups.submit(events[0]!)];
    const settled = await Promise.allSettled(events.map((event) => this.groups.submit(event)));
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return settled.map((result) => (result as PromiseFulfilledResult<Outcome>).value);
  }

  #mayCorrect(record: CorrectUsage, principal: Principal): Verdict | null {
    if (mayUseAccount(principal, record.account)) return null;
    return this.#refused(record, new DomainError('forbidden', 'account: not yours to write for'));
  }

  async #correct(command: RecordEvents, verdicts: Verdict[], setup: Setup): Promise<void> {
    for (const [index, record] of command.records.entries()) {
      if (record.kind !== 'void' && record.kind !== 'amend') continue;
      if (verdicts[index] !== PENDING) continue;
      const eventId = this.identity.keyOf(record.source, record.id);
      try {
        const outcome = await this.corrections.correct(record, setup.catalogue);
        verdicts[index] = { id: record.id, source: record.source, eventId, ...outcome };
      } catch (error) {
        if (!(error instanceof DomainError) || error.code === 'unavailable') throw error;
        verdicts[index] = this.#refused(record, error);
      }
    }
  }

  #refused(record: RecordUsage | CorrectUsage, error: DomainError): Verdict {
    return {
      id: record.id,
      source: record.source,
      status: 'refused',
      eventId: this.identity.keyOf(record.source, record.id),
      code: error.code,
      reason: error.message,
      fields: error.fields.map((field) => field.field),
    };
  }
}
