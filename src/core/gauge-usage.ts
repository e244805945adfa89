import type { Stretch } from './contribution';
import { type Quantity, ZERO, quantity } from './quantity';

/**
 * How the total level moves inside a stretch: by how much in all, what the moves add to the integral up to the end of
 * the stretch (level · ms), and how far the level ever rises over the one it opens at. See `level.ts`.
 */
export interface LevelMoves extends Stretch {
  readonly delta: Quantity;
  readonly moment: Quantity;
  readonly highest: Quantity;
}

/** Usage of a gauge in one window: exact level · ms, and the highest level at any instant. */
export interface GaugeFigures {
  readonly integral: Quantity;
  readonly peak: Quantity;
}

/**
 * The figures of consecutive windows, given the level before the first of them and what moves inside each (by its
 * place, in the order of time, never across two windows). Between the moves the level stands still, so quiet
 * stretches cost nothing, however long they are.
 */
export function gaugeFigures(
  opening: Quantity,
  windows: readonly Stretch[],
  moves: ReadonlyMap<number, readonly LevelMoves[]>,
): GaugeFigures[] {
  let level = opening;
  return windows.map((window, place) => {
    const inside = moves.get(place) ?? [];
    let integral = level * BigInt(window.to - window.from);
    // A move at the very beginning replaces the opening level; its own highest rise says what is left of it.
    let peak = inside[0]?.from === window.from ? null : level;
    for (const { to, delta, moment, highest } of inside) {
      integral += moment + delta * BigInt(window.to - to);
      const reached = quantity(level + highest);
      peak = peak === null || reached > peak ? reached : peak;
      level = quantity(level + delta);
    }
    return { integral: quantity(integral), peak: peak ?? ZERO };
  });
}
