import { z } from 'zod';
import { doubleOfRatio } from '../core/double';
import { ONE, type Quantity } from '../core/quantity';
import { ratio } from '../core/ratio';

/** Integers of Scorpius's wire; -1 is its word for unlimited. */
export const UNLIMITED = -1;

export const UsedUnits = z.int().meta({ description: 'Used in the period, rounded up.' });
export const LimitUnits = z.int().meta({ description: 'Of the period, rounded down; -1 = unlimited.' });

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

/** Use in whole units. A part of one counts as one, so that what remains is never more than there is. */
export function usedUnits(used: Quantity): number {
  return units((used + ONE - 1n) / ONE);
}

/** A limit in whole units. One that is not whole is rounded down, because a whole unit beyond that would be over it. */
export function limitUnits(limit: Quantity | null): number {
  return limit === null ? UNLIMITED : units(limit / ONE);
}

/** What may still be used before the limit is reached. */
export function remainingUnits(used: Quantity, limit: Quantity | null): number {
  return limit === null ? UNLIMITED : Math.max(0, limitUnits(limit) - usedUnits(used));
}

/** An instant as the original's README writes it: without a fraction where there is none. */
export function instantText(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z');
}

/** A JSON number is exact up to here and no further. */
function units(value: bigint): number {
  return doubleOfRatio(ratio(value > LARGEST ? LARGEST : value));
}
