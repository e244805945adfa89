import { Injectable } from '@nestjs/common';
import type { Sum } from '../core/contribution';
import { MarkMerge } from '../core/mark-merge';
import { EMPTY_STATE, distinctState, mergeStates } from '../core/rollup';
import { type Mark, parseMarks } from '../core/work-mark';
import { storedGauge } from '../platform/metrics-stored';
import { Database, type Sql } from '../platform/transaction';
import { MeterService } from '../pricing/meter.service';
import { RefoldService } from './refold.service';
import { RollupRepository } from './rollup.repository';
import { type Grain, GRAIN, ValueRepository } from './value.repository';

/** A crash may take a run back as a whole: its marks are then still there. */
const ROLL_UP = { isolation: 'repeatable read', derived: true } as const;

/**
 * Turns work marks into rollup windows and days. Each run is one REPEATABLE READ transaction: marks and the events
 * behind them are seen or not seen together, so a slow commit is never skipped and a refold never counts twice.
 */
@Injectable()
export class RollupService {
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly rollups: RollupRepository,
    private readonly values: ValueRepository,
    private readonly refolds: RefoldService,
    private readonly meters: MeterService,
  ) {
    const help = 'Groups of events not rolled up yet; no more than 100,000 are counted';
    storedGauge({ name: 'tallyhouse_rollup_marks', help }, async () => [
      { value: await this.rollups.countMarks(this.database) },
    ]);
  }

  /** Rolls up everything committed before the call. */
  async catchUp(): Promise<void> {
    while (!(await this.run())) continue;
  }

  /** Rolls up some hundreds of marks at most; true = nothing was left. Runs of one process follow each other. */
  async run(): Promise<boolean> {
    const before = this.#running;
    const mine = before
      .catch(() => undefined)
      .then(() => this.database.transaction((tx) => this.#rollUp(tx), ROLL_UP));
    this.#running = mine;
    return mine;
  }

  async #rollUp(tx: Sql): Promise<boolean> {
    const merge = new MarkMerge();
    let last: boolean;
    do {
      const consumed = await this.rollups.consumeMarks(tx);
      for (const marks of consumed.marks) merge.add(parseMarks(marks));
      last = consumed.last;
      // A refold reads every event of this snapshot, so no mark of this snapshot may be left to be added later.
    } while (!last && merge.hasRefolds);
    const { windows, days, refolds } = merge.work();
    await this.#addDistinct(tx, GRAIN.window, windows);
    await this.#addDistinct(tx, GRAIN.day, days);
    await this.rollups.merge(tx, 'usage_window', windows);
    await this.rollups.merge(tx, 'usage_day', days);
    for (const mark of refolds) await this.#refold(tx, mark);
    return last;
  }

  async #addDistinct(tx: Sql, grain: Grain, sums: readonly Sum[]): Promise<void> {
    const uniques = sums.filter((sum) => sum.values !== null);
    const changes = await this.values.add(tx, grain, uniques);
    uniques.forEach((sum, i) => (sum.state = distinctState(changes[i]!)));
  }

  /** Sets a window from its events and its day from its windows. */
  async #refold(tx: Sql, mark: Mark): Promise<void> {
    const { bucket, accountId, from, to } = mark;
    const meter = (await this.meters.catalogue()).byId.get(mark.meterId)!;
    const folded = await this.refolds.fold(tx, { bucket, accountId, meter, stretch: { from, to } });
    const state = folded.get(mark.dims)?.state ?? EMPTY_STATE;
    await this.rollups.set(tx, 'usage_window', [{ ...mark, state }]);
    const states = await this.rollups.windowsOfDay(tx, mark, mark.day!);
    const total = states.reduce(mergeStates, EMPTY_STATE);
    await this.rollups.set(tx, 'usage_day', [{ ...mark, ...mark.day!, state: total }]);
  }
}
