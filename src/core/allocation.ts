/**
 * Shares `total` in proportion to `weights` by largest remainder: every part is rounded towards zero, then the units
 * left over go one each to the largest remainders, the earlier part first where they are equal.
 *
 * The parts always add up to `total`. A part of weight zero gets nothing, unless all weights are zero: then all are
 * taken as equal. A negative total is shared like the positive one, with the sign turned. Throws a RangeError for a
 * negative weight, and for no weights at all when there is something to share.
 */
export function allocate(total: bigint, weights: readonly bigint[]): bigint[] {
  if (total < 0n) return allocate(-total, weights).map((part) => -part);
  if (weights.some((weight) => weight < 0n)) throw new RangeError('a weight must not be negative');
  if (weights.length === 0 && total !== 0n) throw new RangeError('nothing to allocate to');
  const whole = weights.reduce((sum, weight) => sum + weight, 0n);
  if (whole === 0n && weights.length > 0)
    return allocate(
      total,
      weights.map(() => 1n),
    );

  const parts = weights.map((weight) => (total * weight) / whole);
  const left = total - parts.reduce((sum, part) => sum + part, 0n);
  byLargestRemainder(total, weights, whole).forEach((part, rank) => {
    if (BigInt(rank) < left) parts[part]! += 1n;
  });
  return parts;
}

/** The indexes of the weights, the one that lost most to the rounding first; sorting is stable. */
function byLargestRemainder(total: bigint, weights: readonly bigint[], whole: bigint): number[] {
  const remainders = weights.map((weight, index) => ({ index, lost: (total * weight) % whole }));
  remainders.sort((a, b) => (a.lost > b.lost ? -1 : a.lost < b.lost ? 1 : 0));
  return remainders.map(({ index }) => index);
}
