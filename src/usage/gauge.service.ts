import { Injectable } from '@nestjs/common';
import { type Placed, type Stretch, segmentCell } from '../core/contribution';
import { type LevelDelta, addToWindow, highestPrefix, levelDeltas, withoutDeltas } from '../core/level';
import type { Meter } from '../core/meter';
import { type Quantity, ZERO, quantity } from '../core/quantity';
import type { Account } from '../core/account';
import { AccountService } from '../cost-centers/account.service';
import type { Sql } from '../platform/transaction';
import {
  GaugeRepository,
  type GaugeSum,
  type Neighbours,
  type ResourceChange,
  type ToldChange,
} from './gauge.repository';
import type { PreparedEvent } from './prepared-event';
import { SpanMarkRepository } from './span-mark.repository';

/** A level one event sets on one resource of one meter. */
export interface LevelSetting extends ToldChange {
  readonly meter: Meter;
  readonly account: Account;
}

type Setter = Pick<PreparedEvent, keyof Placed | 'account' | 'type' | 'properties'>;

/** The levels an event sets, one per gauge that reads it. */
export function levelSettings(event: Setter): LevelSetting[] {
  const { bucket, accountId, account, key, at, type, properties } = event;
  return event.readings.flatMap((reading) => {
    if (reading.kind !== 'level') return [];
    const { meter, resource, dims, value: level } = reading;
    const fact = meter.posting === 'span' ? { type, properties } : null;
    return [{ bucket, accountId, account, meterId: meter.id, meter, resource, key, at, level, dims, fact }];
  });
}

/** Keeps gauges incrementally (decision D): a change of level touches two windows and two counters, at any age. */
@Injectable()
export class GaugeService {
  constructor(
    private readonly gauges: GaugeRepository,
    private readonly spanMarks: SpanMarkRepository,
    private readonly accounts: AccountService,
  ) {}

  /** Applies the levels of new events. */
  async setLevels(sql: Sql, events: readonly PreparedEvent[]): Promise<void> {
    await this.change(sql, { removed: [], inserted: events.flatMap(levelSettings) });
  }

  /**
   * Takes levels away and sets others, in the caller's transaction: locks the resources, finds the neighbours of each
   * change as they are by then, and adds the differences to windows and counters.
   */
  async change(
    sql: Sql,
    { removed, inserted }: { removed: readonly LevelSetting[]; inserted: readonly LevelSetting[] },
  ): Promise<void> {
    const all = [...removed, ...inserted];
    if (all.length === 0) return;
    await this.gauges.lockResources(sql, all);
    await this.spanMarks.append(
      sql,
      all.filter(({ meter }) => meter.posting === 'span'),
    );
    const sums = new GaugeSums(this.accounts);
    for (const setting of removed) {
      const [{ previous, next } = NONE] = await this.gauges.readNeighbours(sql, [setting]);
      sums.add(setting, withoutDeltas(previous, setting, next));
      await this.gauges.delete(sql, [setting]);
    }
    await this.#insert(sql, inserted, sums);
    if (sums.isEmpty) return;
    await this.gauges.addToWindows(sql, sums.windows());
    await this.#refreshPeaks(sql, all, sums);
    await this.gauges.addToCounters(sql, sums.counters());
  }

  /** Stored neighbours are read at once; those inside the group are found among what was set before. */
  async #insert(sql: Sql, inserted: readonly LevelSetting[], sums: GaugeSums): Promise<void> {
    if (inserted.length === 0) return;
    const stored = await this.gauges.readNeighbours(sql, inserted);
    const set = new Map<string, ResourceChange[]>();
    inserted.forEach((setting, i) => {
      const name = `${setting.accountId} ${setting.meterId} ${setting.resource}`;
      const siblings = set.get(name) ?? [];
      const { previous, next } = nearest(setting, stored[i]!, siblings);
      sums.add(setting, levelDeltas(previous, setting, next));
      set.set(name, [...siblings, setting]);
    });
    await this.gauges.insert(sql, inserted);
  }

  /** The windows are locked by now, so whoever changed them before has committed and is seen. */
  async #refreshPeaks(sql: Sql, settings: readonly LevelSetting[], sums: GaugeSums): Promise<void> {
    const peaks = new Set(
      settings
        .filter((setting) => setting.meter.aggregation === 'gauge_peak')
        .map((setting) => setting.meterId),
    );
    const rows: (GaugeSum & { highest: Quantity })[] = [];
    for (const window of sums.windows()) {
      if (!peaks.has(window.meterId)) continue;
      const changes = await this.gauges.readChanges(sql, window);
      const deltas = changes.flatMap(({ before, change }) => levelDeltas(before, change, null));
      const mine = window.dims === '' ? deltas : deltas.filter((delta) => delta.dims === window.dims);
      rows.push({ ...window, highest: highestPrefix(mine, window) });
    }
    if (rows.length > 0) await this.gauges.setHighest(sql, rows);
  }
}

const NONE: Neighbours = { previous: null, next: null };

function precedes(a: ResourceChange, b: ResourceChange): boolean {
  return a.at !== b.at ? a.at < b.at : a.key < b.key;
}

function nearest(setting: LevelSetting, stored: Neighbours, siblings: readonly ResourceChange[]): Neighbours {
  let { previous, next } = stored;
  for (const sibling of siblings) {
    if (precedes(sibling, setting)) {
      if (previous === null || precedes(previous, sibling)) previous = sibling;
    } else if (next === null || precedes(sibling, next)) {
      next = sibling;
    }
  }
  return { previous, next };
}

/** Sums of level differences per window and per segment; the row without dimensions holds the total of all. */
class GaugeSums {
  readonly #windows = new Map<string, GaugeSum>();
  readonly #counters = new Map<string, GaugeSum>();

  constructor(private readonly accounts: AccountService) {}

  get isEmpty(): boolean {
    return this.#windows.size === 0;
  }

  add(setting: LevelSetting, deltas: readonly LevelDelta[]): void {
    for (const delta of deltas) {
      const segment = this.accounts.segmentAt(setting.account, delta.at);
      const window = segmentCell(delta.at, segment, 'hour');
      for (const dims of delta.dims === '' ? [''] : ['', delta.dims]) {
        addTo(this.#windows, setting, { ...delta, dims }, window);
        addTo(this.#counters, setting, { ...delta, dims }, segment);
      }
    }
  }

  windows(): GaugeSum[] {
    return [...this.#windows.values()];
  }

  counters(): GaugeSum[] {
    return [...this.#counters.values()];
  }
}

function addTo(
  sums: Map<string, GaugeSum>,
  setting: LevelSetting,
  delta: LevelDelta,
  stretch: Stretch,
): void {
  const { bucket, accountId, meterId } = setting;
  const { dims } = delta;
  const name = `${accountId} ${meterId} ${stretch.from} ${dims}`;
  let sum = sums.get(name);
  if (sum === undefined) {
    sum = { bucket, accountId, meterId, dims, from: stretch.from, to: stretch.to, delta: ZERO, moment: ZERO };
    sums.set(name, sum);
  }
  const row = addToWindow(stretch, delta);
  sum.delta = quantity(sum.delta + row.delta);
  sum.moment = quantity(sum.moment + row.moment);
}
