import { Injectable } from '@nestjs/common';
import type { Stretch } from '../core/contribution';
import { type GaugeFigures, gaugeFigures } from '../core/gauge-usage';
import { type Quantity, ONE, ZERO, quantity } from '../core/quantity';
import { type Ratio, ratio } from '../core/ratio';
import { type Pieces, type Piece, hourEnd, hourStart, piecesOf, withoutPieces } from '../core/window-pieces';
import type { Sql } from '../platform/transaction';
import { GaugeUsageRepository, type GroupMoves } from './gauge-usage.repository';
import { type UsageCell, type UsageQuestion, refuseTooMany } from './usage-question';

/** The place of what lies before the first query window, in the rollup window that it cuts through. */
const BEFORE = -1;

/** What one answer may make us compute: groups stand in most windows, so this is little more than it may hold. */
const FIGURES_MAX = 250_000;

/** Usage of gauges: the level before the stretch, and what moves inside it. Quiet hours are never looked at. */
@Injectable()
export class GaugeUsageService {
  constructor(private readonly levels: GaugeUsageRepository) {}

  /**
   * Every group in each window in which its level was not zero; without grouping every window. Nothing after `now`
   * is counted: windows that begin there have an integral of zero and no peak.
   */
  async read(tx: Sql, question: UsageQuestion): Promise<UsageCell[]> {
    const { windows, groups, now } = question;
    refuseTooMany({ length: windows.length * groups.labels.length }, FIGURES_MAX);
    const past = windows
      .filter(({ from }) => from < now)
      .map(({ from, to }): Stretch => ({ from, to: Math.min(to, now) }));
    const figuresOf = past.length === 0 ? (): GaugeFigures[] => [] : await this.#figures(tx, question, past);
    const cells: UsageCell[] = [];
    for (const group of groups.labels.keys()) {
      const figures = figuresOf(group);
      for (const window of windows.keys()) {
        const usage = usageIn(question, figures[window]);
        if (usage !== undefined) cells.push({ window, group, usage });
      }
      refuseTooMany(cells);
    }
    return cells.sort((a, b) => a.window - b.window || a.group - b.group);
  }

  async #figures(
    tx: Sql,
    question: UsageQuestion,
    windows: readonly Stretch[],
  ): Promise<(group: number) => GaugeFigures[]> {
    const { groups, segmentAt } = question;
    const from = windows[0]!.from;
    const pieces = await this.#pieces(tx, question, windows);
    const start = hourStart(from, { segmentAt });
    const head: Piece[] = start < from ? [{ window: BEFORE, from: start, to: from }] : [];
    const segment = segmentAt(from).from;
    const openings = await this.levels.readOpenings(tx, question, { segment, window: start, groups });
    const moves = [
      ...(await this.levels.readMoves(tx, question, { pieces: pieces.hours, groups })),
      ...(await this.levels.readChanges(tx, question, { pieces: [...head, ...pieces.edges], groups })),
    ];
    const byGroup = byGroupAndWindow(moves);
    return (group) => {
      const mine = byGroup.get(group) ?? new Map<number, GroupMoves[]>();
      return gaugeFigures(openingOf(openings.get(group), mine.get(BEFORE)), windows, mine);
    };
  }

  async #pieces(tx: Sql, question: UsageQuestion, windows: readonly Stretch[]): Promise<Pieces> {
    const { meter, groups, segmentAt } = question;
    const to = windows.at(-1)!.to;
    const end = hourEnd(to, { segmentAt });
    const isQuiet = end > to && !(await this.levels.hasChanges(tx, question, { from: to, to: end }));
    const pieces = piecesOf(windows, { segmentAt, quietFrom: isQuiet ? to : undefined }, { days: false });
    if (meter.aggregation !== 'gauge_peak' || groups.members.length === groups.labels.length) return pieces;
    const shared = await this.levels.findSharedWindows(tx, question, pieces.hours, groups);
    return { ...pieces, hours: withoutPieces(pieces.hours, shared), edges: [...pieces.edges, ...shared] };
  }
}

/** Undefined where a group does not exist; `figures` is undefined in the future, of which nothing is known. */
function usageIn(
  { meter, groups }: UsageQuestion,
  figures: GaugeFigures | undefined,
): Ratio | null | undefined {
  const isPeak = meter.aggregation === 'gauge_peak';
  const figure = isPeak ? figures?.peak : figures?.integral;
  if (groups.isGrouped && (figure === undefined || figure === ZERO)) return undefined;
  if (figure !== undefined) return ratio(figure, ONE);
  return isPeak ? null : ratio(0n);
}

function openingOf(level: Quantity | undefined, before: readonly GroupMoves[] | undefined): Quantity {
  return (before ?? []).reduce((sum, { delta }) => quantity(sum + delta), level ?? ZERO);
}

function byGroupAndWindow(moves: readonly GroupMoves[]): Map<number, Map<number, GroupMoves[]>> {
  const byGroup = new Map<number, Map<number, GroupMoves[]>>();
  for (const each of [...moves].sort((a, b) => a.from - b.from)) {
    const byWindow = byGroup.get(each.group) ?? new Map<number, GroupMoves[]>();
    byGroup.set(each.group, byWindow);
    const inside = byWindow.get(each.window);
    if (inside) inside.push(each);
    else byWindow.set(each.window, [each]);
  }
  return byGroup;
}
