import { Injectable } from '@nestjs/common';
import type { Account } from '../core/account';
import type { Stretch } from '../core/contribution';
import { type Properties, propertyAt, readings } from '../core/event';
import { type Meter, isGauge } from '../core/meter';
import type { UsageEntry } from '../core/price';
import {
  type Quantity,
  parseQuantity,
  quantity,
  quantityFromDouble,
  quantityOfRatio,
  ZERO,
} from '../core/quantity';
import type { UsageDetail } from '../core/rated-usage';
import { EMPTY_STATE, usageOf } from '../core/rollup';
import type { Sql } from '../platform/transaction';
import { type EffectiveEvent, EventRepository } from './event.repository';
import { PeriodUsageRepository, type PeriodCounter } from './period-usage.repository';
import { RollupService } from './rollup.service';
import { UsageQueryService } from './usage-query.service';

/** Usage of one meter in a period or a segment of it, to be rated. */
export interface PeriodUsageQuestion {
  readonly account: Account;
  readonly meter: Meter;
  readonly period: Stretch;
  readonly segment: Stretch;
  readonly detail: UsageDetail;
  /** Levels that will hold after it are not usage yet. */
  readonly now: number;
}

/** In base units of the meter. */
export interface PeriodUsage {
  readonly entries: readonly UsageEntry[];
  /** How often the counter of the whole period had been written when its usage was read; what is read may hold more. */
  readonly revision: bigint;
}

/**
 * Usage as rating needs it, in the caller's transaction. Whole periods that are over come from their counters, for any number
 * of accounts in two statements; everything else (segments, running periods, totals by dimension, single events) from
 * rollup windows and events, one question at a time. Both are exact, so they agree.
 */
@Injectable()
export class PeriodUsageService {
  constructor(
    private readonly counters: PeriodUsageRepository,
    private readonly usage: UsageQueryService,
    private readonly rollups: RollupService,
    private readonly events: EventRepository,
  ) {}

  /** The answers in the order of the questions, which are about accounts of one bucket. */
  async read(sql: Sql, bucket: number, questions: readonly PeriodUsageQuestion[]): Promise<PeriodUsage[]> {
    const stored = await this.#counters(sql, bucket, questions);
    const slow = questions.filter((question) => !isWholeTotal(question));
    // After the counters: the windows then hold at least what the revision counts.
    if (slow.length > 0) await this.rollups.catchUp();
    const answers: PeriodUsage[] = [];
    for (const question of questions) {
      const { state, delta, level, revision } = stored.get(nameOf(counterOf(question))) ?? NOTHING;
      const entries = isWholeTotal(question)
        ? totalEntries(question, { state, delta, level })
        : await this.#entries(sql, question);
      answers.push({ entries, revision });
    }
    return answers;
  }

  /** How often the counters of the questions' periods have been written, without reading what they hold. */
  async revisions(
    sql: Sql,
    bucket: number,
    questions: readonly PeriodUsageQuestion[],
  ): Promise<Map<PeriodUsageQuestion, bigint>> {
    const stored = await this.counters.counters(sql, bucket, distinct(questions.map(counterOf)));
    const byName = new Map(stored.map((counter) => [nameOf(counter), counter.revision]));
    return new Map(questions.map((question) => [question, byName.get(nameOf(counterOf(question))) ?? 0n]));
  }

  async #counters(sql: Sql, bucket: number, questions: readonly PeriodUsageQuestion[]) {
    const asked = distinct(questions.map(counterOf));
    const gauges = distinct(
      questions.filter((each) => isWholeTotal(each) && isGauge(each.meter.aggregation)).map(counterOf),
    );
    const found = new Map<string, Stored>();
    for (const counter of await this.counters.counters(sql, bucket, asked)) {
      found.set(nameOf(counter), { ...counter, level: ZERO });
    }
    for (const opening of await this.counters.levelsBefore(sql, bucket, gauges)) {
      const name = nameOf(opening);
      found.set(name, { ...(found.get(name) ?? NOTHING), level: opening.level });
    }
    return found;
  }

  async #entries(sql: Sql, question: PeriodUsageQuestion): Promise<UsageEntry[]> {
    if (question.detail === 'events') return this.#eventEntries(sql, question);
    const { account, meter, segment, now } = question;
    const groupBy = question.detail === 'dimensions' ? meter.dimensions : [];
    const rows = await this.usage.readStretch(sql, { account, meter, stretch: segment, groupBy, now });
    return rows
      .filter(({ usage }) => usage !== null && usage.numerator !== 0n)
      .map(({ group, usage }) => ({ quantity: quantityOfRatio(usage!), dimensions: known(group ?? {}) }));
  }

  async #eventEntries(sql: Sql, { account, meter, segment }: PeriodUsageQuestion): Promise<UsageEntry[]> {
    const range = { accountId: account.id, from: new Date(segment.from), to: new Date(segment.to) };
    const entries: UsageEntry[] = [];
    for await (const page of this.events.effective(sql, range, meter)) {
      for (const event of page) entries.push(...entriesOf(event, meter));
    }
    return entries;
  }
}

interface Stored {
  readonly state: typeof EMPTY_STATE;
  readonly delta: Quantity;
  /** Of a gauge, when the period began. */
  readonly level: Quantity;
  readonly revision: bigint;
}

const NOTHING: Stored = { state: EMPTY_STATE, delta: ZERO, level: ZERO, revision: 0n };

/** A peak is no sum of anything a counter keeps. */
function isWholeTotal({ meter, period, segment, detail, now }: PeriodUsageQuestion): boolean {
  const isWhole = segment.from === period.from && segment.to === period.to && period.to <= now;
  return isWhole && detail === 'total' && meter.aggregation !== 'gauge_peak';
}

/** A level that was there at the beginning holds for the whole period; the counter adds what changed since. */
function totalEntries(
  { meter, period }: PeriodUsageQuestion,
  { state, level }: Pick<Stored, 'state' | 'delta' | 'level'>,
): UsageEntry[] {
  if (isGauge(meter.aggregation)) {
    const integral = level * BigInt(period.to - period.from) + state.sum;
    return integral === 0n ? [] : [{ quantity: quantity(integral) }];
  }
  const usage = usageOf(meter.aggregation, state, state.count);
  return usage === null || usage.numerator === 0n ? [] : [{ quantity: quantityOfRatio(usage) }];
}

function counterOf({ account, meter, period }: PeriodUsageQuestion): PeriodCounter {
  return { accountId: account.id, meterId: meter.id, from: period.from };
}

function nameOf({ accountId, meterId, from }: PeriodCounter): string {
  return `${accountId} ${meterId} ${from}`;
}

function distinct(counters: readonly PeriodCounter[]): PeriodCounter[] {
  return [...new Map(counters.map((counter) => [nameOf(counter), counter])).values()];
}

function known(group: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(group).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

/** What one event is to a price that looks at events. */
function entriesOf(event: EffectiveEvent, meter: Meter): UsageEntry[] {
  return readings(event, [meter]).flatMap((reading) => {
    if (reading.kind !== 'add') return [];
    const dimensions = reading.dims === '' ? {} : (JSON.parse(reading.dims) as Record<string, string>);
    return [{ quantity: reading.value, amount: amountIn(event.properties), dimensions }];
  });
}

/** What an event says it costs, in major units, as its property `amount`. */
function amountIn(properties: Properties | null): Quantity | null {
  const value = propertyAt(properties, 'amount');
  if (typeof value === 'number') return quantityFromDouble(value, 'amount');
  return typeof value === 'string' ? parseQuantity(value, 'amount') : null;
}
