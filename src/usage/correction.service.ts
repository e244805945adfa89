import { Injectable } from '@nestjs/common';
import { type Placed, type Sum, sumContributions } from '../core/contribution';
import { DomainError } from '../core/errors';
import { type Properties, canonicalText, readings, separatePersonal } from '../core/event';
import type { Aggregation } from '../core/meter';
import { type Quantity, formatQuantity, parseQuantity } from '../core/quantity';
import { EMPTY_STATE, distinctState } from '../core/rollup';
import { markText } from '../core/work-mark';
import type { Account } from '../core/account';
import { AccountService } from '../cost-centers/account.service';
import { AccountClock } from '../platform/account-clock';
import type { Sql } from '../platform/transaction';
import type { Catalogue } from '../pricing/meter.service';
import { DUPLICATE, type Outcome, RECORDED } from './outcome';
import { AccountTransactions } from './account-transactions.service';
import { CorrectionRepository, type StoredCorrection } from './correction.repository';
import { CounterMirror } from './counter-mirror';
import { EventIdentity } from './event-identity.service';
import type { CorrectUsage } from './event-record.commands';
import { GaugeService, type LevelSetting, levelSettings } from './gauge.service';
import { IngestRepository, type StoredEvent } from './ingest.repository';
import type { CounterRef } from './limit.repository';
import { LateUsage, latePeriods } from './late-usage.service';
import { RefoldService } from './refold.service';
import { RetentionHorizon } from './retention-horizon.service';
import { GRAIN, ValueRepository } from './value.repository';

/** What an event measures: as recorded, or as the latest amend says. */
interface Measure {
  readonly quantity: Quantity | null;
  readonly resource: string | null;
  readonly properties: Properties | null;
}

interface Target {
  readonly account: Account;
  readonly key: string;
  readonly type: string;
  readonly at: number;
  readonly revision: number;
  readonly measure: Measure;
}

/** A maximum cannot be un-seen: taking a reading away means reading the others again. */
const REFOLDED: ReadonlySet<Aggregation> = new Set(['max', 'min', 'latest']);

/** How long a correction may wait for the others of its account. */
const PATIENCE_MS = 2_000;

/** Voids and amends: new facts that name an old one, and the difference they make (decision 6). */
@Injectable()
export class CorrectionService {
  constructor(
    private readonly transactions: AccountTransactions,
    private readonly accounts: AccountService,
    private readonly identity: EventIdentity,
    private readonly ingest: IngestRepository,
    private readonly corrections: CorrectionRepository,
    private readonly values: ValueRepository,
    private readonly gauges: GaugeService,
    private readonly refolds: RefoldService,
    private readonly late: LateUsage,
    private readonly clock: AccountClock,
    private readonly horizon: RetentionHorizon,
    private readonly mirror: CounterMirror,
  ) {}

  /**
   * Takes an event back or replaces its measure, at any age. A second void, or the same correction sent twice, is a `duplicate`.
   * Throws `not-found` for an unknown target, `failed-precondition` for an amend of a voided event or when events it needs are
   * gone, `invalid-argument` when a meter cannot read the new measure.
   */
  async correct(record: CorrectUsage, catalogue: Catalogue): Promise<Outcome> {
    const account = this.accounts.known(record.account);
    if (!account) throw unknownTarget(record);
    const changed: CounterRef[] = [];
    return this.transactions
      .run(account.id, (tx) => this.#correct(tx, record, { account, catalogue, changed }), {
        patienceMs: PATIENCE_MS,
      })
      .finally(() => this.mirror.noteCounters(changed));
  }

  async #correct(
    tx: Sql,
    record: CorrectUsage,
    { account, catalogue, changed }: { account: Account; catalogue: Catalogue; changed: CounterRef[] },
  ): Promise<Outcome> {
    const { id: accountId, bucket } = account;
    const key = this.identity.keyOf(record.source, record.id);
    const content = this.identity.contentOfCorrection(record);
    const [known] = await this.ingest.readKeys(tx, [{ key, accountId, bucket }]);
    if (known) return known.content === content ? DUPLICATE : { status: 'conflict', fields: ['kind'] };
    const found = await this.#lockTarget(tx, record, account);
    if (found.latest?.kind === 'void') {
      if (record.kind === 'void') return DUPLICATE;
      throw new DomainError('failed-precondition', 'target: was voided, and a voided event stays voided', [
        { field: 'target', reason: 'was voided' },
      ]);
    }
    if (!(await this.corrections.insertKey(tx, { key, accountId, bucket }, content))) return DUPLICATE;
    const measure = record.kind === 'void' ? null : amended(found.target.measure, record);
    await this.corrections.insert(tx, {
      bucket,
      accountId,
      target: found.target.key,
      revision: found.target.revision + 1,
      key,
      kind: record.kind,
      source: record.source,
      eventId: record.id,
      quantity: measure?.quantity == null ? null : formatQuantity(measure.quantity),
      properties: measure?.properties ?? null,
      reason: record.reason,
    });
    await this.#restate(tx, { target: found.target, measure, catalogue });
    const segment = this.accounts.segmentAt(account, found.target.at);
    const meters = catalogue.byType.get(found.target.type) ?? [];
    changed.push(...meters.map((meter) => ({ account, meter, segment })));
    return RECORDED;
  }

  async #lockTarget(
    tx: Sql,
    record: CorrectUsage,
    account: Account,
  ): Promise<{ target: Target; latest: StoredCorrection | undefined }> {
    const { id: accountId, bucket } = account;
    const key = this.identity.keyOf(record.target.source, record.target.id);
    const stored = await this.corrections.lockTarget(tx, { key, accountId, bucket });
    const event = stored && (await this.ingest.readEvent(tx, accountId, stored));
    if (!stored || !event) throw unknownTarget(record);
    const latest = await this.corrections.readLatest(tx, bucket, accountId, key);
    const target: Target = {
      account,
      key,
      type: event.type,
      at: event.occurred_at.getTime(),
      revision: latest?.revision ?? 0,
      measure: measureOf(event, latest),
    };
    return { target, latest };
  }

  /** Adds the difference between the old and the new measure to everything derived from the event. */
  async #restate(
    tx: Sql,
    { target, measure, catalogue }: { target: Target; measure: Measure | null; catalogue: Catalogue },
  ): Promise<void> {
    const meters = catalogue.byType.get(target.type) ?? [];
    const before = this.#placed(target, readings({ ...target.measure, type: target.type }, meters));
    const after = this.#placed(
      target,
      measure === null ? [] : readings({ ...measure, type: target.type }, meters),
    );
    await this.gauges.change(tx, {
      removed: levels(target, target.measure, before),
      inserted: levels(target, measure, after),
    });
    const [taken, added] = [sumContributions([before], -1n), sumContributions([after])];
    const refolded = (sum: Sum): boolean => REFOLDED.has(catalogue.byId.get(sum.meterId)!.aggregation);
    for (const sum of [...taken.counters, ...added.counters].filter((each) => !refolded(each))) {
      await this.#addToCounter(tx, sum);
    }
    for (const meter of meters.filter((each) => REFOLDED.has(each.aggregation))) {
      await this.#refoldCounters(tx, { target, meterId: meter.id, catalogue });
    }
    await this.#mark(tx, target.account.bucket, [...taken.windows, ...added.windows], refolded);
    const isLate = before.segment.to <= this.clock.now(target.account).getTime();
    await this.late.mark(tx, latePeriods([{ ...before, isLate }]));
  }

  #placed(target: Target, found: Placed['readings']): Placed {
    const { account, key, at } = target;
    const segment = this.accounts.segmentAt(account, at);
    return { bucket: account.bucket, accountId: account.id, key, at, segment, readings: found };
  }

  async #addToCounter(tx: Sql, sum: Sum): Promise<void> {
    if (sum.values !== null) {
      const [change] = await this.values.add(tx, GRAIN.segment, [sum]);
      sum.state = distinctState(change!);
    }
    await this.corrections.addToCounter(tx, sum);
  }

  async #refoldCounters(
    tx: Sql,
    { target, meterId, catalogue }: { target: Target; meterId: number; catalogue: Catalogue },
  ): Promise<void> {
    const { bucket, id: accountId } = target.account;
    const stretch = this.accounts.segmentAt(target.account, target.at);
    await this.horizon.requireEvents(tx, stretch.from, 'target');
    const row = { bucket, accountId, meterId, from: stretch.from };
    const stored = await this.corrections.lockCounters(tx, row);
    const meter = catalogue.byId.get(meterId)!;
    const folded = await this.refolds.fold(tx, { bucket, accountId, meter, stretch });
    const empty = (dims: string): Sum => ({
      ...row,
      to: stretch.to,
      dims,
      day: null,
      state: EMPTY_STATE,
      values: null,
    });
    for (const dims of new Set([...stored, ...folded.keys()])) {
      const sum = folded.get(dims) ?? empty(dims);
      if (!stored.includes(dims)) await this.corrections.addToCounter(tx, { ...sum, state: EMPTY_STATE });
      await this.corrections.setCounter(tx, sum);
    }
  }

  async #mark(
    tx: Sql,
    bucket: number,
    windows: readonly Sum[],
    refolded: (sum: Sum) => boolean,
  ): Promise<void> {
    const additive = windows.filter((sum) => !refolded(sum));
    const others = windows.filter(refolded).map((sum) => ({ ...sum, state: EMPTY_STATE }));
    if (additive.length > 0) await this.corrections.insertMark(tx, bucket, markText(additive));
    if (others.length > 0) await this.corrections.insertMark(tx, bucket, markText(others, true));
  }
}

function unknownTarget(record: CorrectUsage): DomainError {
  const name = `${record.target.source ? `${record.target.source} ` : ''}${record.target.id}`;
  return new DomainError('not-found', `target: no event ${name}`, [{ field: 'target', reason: 'not found' }]);
}

function measureOf(event: StoredEvent, latest: StoredCorrection | undefined): Measure {
  const source = latest?.kind === 'amend' ? latest : event;
  return {
    quantity: source.quantity === null ? null : parseQuantity(source.quantity),
    resource: event.resource,
    properties: source.properties as Properties | null,
  };
}

function amended(before: Measure, record: CorrectUsage): Measure {
  const properties =
    record.properties === null ? before.properties : separatePersonal(record.properties).kept;
  return { ...before, quantity: record.quantity ?? before.quantity, properties };
}

/** The levels a measure of the target sets; without one, none. */
function levels({ account, type }: Target, measure: Measure | null, placed: Placed): LevelSetting[] {
  const kept = measure?.properties ?? null;
  return levelSettings({ ...placed, account, type, properties: kept && canonicalText(kept) });
}
