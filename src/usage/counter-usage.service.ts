import { Injectable } from '@nestjs/common';
import { EMPTY_STATE, type RollupState, mergeStates, usageOf } from '../core/rollup';
import { type Pieces, hourEnd, piecesOf } from '../core/window-pieces';
import type { Sql } from '../platform/transaction';
import { RawUsageService } from './raw-usage.service';
import { RetentionHorizon } from './retention-horizon.service';
import type { UsageCell, UsageQuestion } from './usage-question';
import { type GroupState, type RawValue, UsageRepository } from './usage.repository';

/** Usage of meters that add up readings: days, hours and, where a window cuts through an hour, the events. */
@Injectable()
export class CounterUsageService {
  constructor(
    private readonly usage: UsageRepository,
    private readonly raw: RawUsageService,
    private readonly horizon: RetentionHorizon,
  ) {}

  /**
   * The groups that have readings, per window; without grouping every window has its one figure. Throws
   * `failed-precondition` for what is kept no longer.
   */
  async read(tx: Sql, question: UsageQuestion): Promise<UsageCell[]> {
    await this.horizon.requireWindows(tx, question.windows[0]!.from);
    const pieces = await this.#pieces(tx, question);
    const cells =
      question.meter.aggregation === 'unique'
        ? await this.#distinct(tx, question, pieces)
        : await this.#merged(tx, question, pieces);
    return cells.sort((a, b) => a.window - b.window || a.group - b.group);
  }

  /** The hour of `now` is read from its row, as long as nothing has been reported for the rest of it. */
  async #pieces(tx: Sql, { accountId, meter, windows, segmentAt }: UsageQuestion): Promise<Pieces> {
    const to = windows.at(-1)!.to;
    const end = hourEnd(to, { segmentAt });
    const rest = { from: to, to: end, types: meter.eventTypes };
    const isQuiet = end > to && !(await this.usage.hasEvents(tx, accountId, rest));
    return piecesOf(windows, { segmentAt, quietFrom: isQuiet ? to : undefined }, { days: true });
  }

  async #merged(tx: Sql, question: UsageQuestion, pieces: Pieces): Promise<UsageCell[]> {
    const { meter, groups } = question;
    const states = [
      ...(await this.usage.readStates(tx, question, { table: 'usage_day', pieces: pieces.days, groups })),
      ...(await this.usage.readStates(tx, question, { table: 'usage_window', pieces: pieces.hours, groups })),
      ...(await this.#edges(tx, question, pieces)).map(({ window, group, sum }) => ({
        window,
        group,
        state: sum.state,
      })),
    ];
    return [...mergedByGroup(states).values()]
      .filter(({ state }) => state.count > 0n)
      .map(({ window, group, state }) => ({ window, group, usage: usageOf(meter.aggregation, state, 0n) }));
  }

  async #distinct(tx: Sql, question: UsageQuestion, pieces: Pieces): Promise<UsageCell[]> {
    const edges = await this.#edges(tx, question, pieces);
    const raw: RawValue[] = edges.flatMap(({ window, group, sum }) =>
      [...sum.values!.keys()].map((value) => ({ window, group, value })),
    );
    const { days, hours } = pieces;
    const counted = await this.usage.countDistinct(tx, question, {
      days,
      hours,
      raw,
      groups: question.groups,
    });
    return counted.map(({ window, group, distinct }) => ({
      window,
      group,
      usage: usageOf(question.meter.aggregation, EMPTY_STATE, distinct),
    }));
  }

  /** What the events of the edges add up to, for the combinations of dimensions that are asked for. */
  async #edges(tx: Sql, question: UsageQuestion, { edges }: Pieces) {
    if (edges.length === 0) return [];
    await this.horizon.requireEvents(tx, edges[0]!.from, 'from');
    const groupOf = new Map(question.groups.members.map(({ dims, group }) => [dims, group]));
    const folded = await this.raw.fold(tx, { owner: question, meter: question.meter, pieces: edges });
    return folded.flatMap(({ window, sum }) => {
      const group = groupOf.get(sum.dims);
      return group === undefined ? [] : [{ window, group, sum }];
    });
  }
}

function mergedByGroup(
  states: readonly GroupState[],
): Map<string, { window: number; group: number; state: RollupState }> {
  const merged = new Map<string, { window: number; group: number; state: RollupState }>();
  for (const { window, group, state } of states) {
    const name = `${window} ${group}`;
    const before = merged.get(name)?.state;
    merged.set(name, { window, group, state: before ? mergeStates(before, state) : state });
  }
  return merged;
}
