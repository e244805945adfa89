import { formatRatio } from './quantity';
import { countedLine, feeLine, type Line } from './line';
import type { ExactTier } from './proration';
import { compareRatios, minRatio, RATIO_ZERO, subtractRatios, type Ratio } from './ratio';

/**
 * The tier in which a quantity lies, as an index. Tiers are contiguous, `(bound before, bound]` (pricing rule 1), so
 * a bound belongs to the tier that it closes and zero to the first one. The last tier is open.
 */
export function tierOf(tiers: readonly ExactTier[], quantity: Ratio): number {
  const index = tiers.findIndex((tier) => tier.upTo === null || compareRatios(quantity, tier.upTo) <= 0);
  return index === -1 ? tiers.length - 1 : index;
}

/** How a quantity spreads over the tiers it enters: it fills each one up to its bound before the next begins. */
export function tierSlices(tiers: readonly ExactTier[], quantity: Ratio): Ratio[] {
  return tiers.slice(0, tierOf(tiers, quantity) + 1).map((tier, index) => {
    const from = tiers[index - 1]?.upTo ?? RATIO_ZERO;
    const to = tier.upTo === null ? quantity : minRatio(quantity, tier.upTo);
    return subtractRatios(to, from);
  });
}

/**
 * Each slice at the price of its tier, and the flat fee of each tier entered; that of the first one is due even at
 * zero usage (rule 2). `scale` names what is counted, `Usage` or `Amounts`.
 */
export function graduatedLines(tiers: readonly ExactTier[], quantity: Ratio, scale: string): Line[] {
  return tierSlices(tiers, quantity).flatMap((slice, index) => {
    const tier = tiers[index]!;
    const description = `${scale} in ${tierName(tiers, index)}`;
    const counted = countedLine({
      key: `tier-${index + 1}`,
      description,
      quantity: slice,
      unitAmount: tier.unitAmount,
    });
    return [counted, ...flatFee(tier, `tier-${index + 1}-flat`, `Flat fee of ${tierName(tiers, index)}`)];
  });
}

/**
 * The whole quantity at the price of the tier in which it lies, and the flat fee of that tier. The lines have one key
 * for all tiers, so that reaching the next tier later corrects what was billed in one line (rule 4).
 */
export function volumeLines(tiers: readonly ExactTier[], quantity: Ratio): Line[] {
  const index = tierOf(tiers, quantity);
  const tier = tiers[index]!;
  const name = tierName(tiers, index);
  const description = `Usage at the price of ${name}`;
  const counted = countedLine({ key: 'usage', description, quantity, unitAmount: tier.unitAmount });
  return [counted, ...flatFee(tier, 'tier-flat', `Flat fee of ${name}`)];
}

function flatFee(tier: ExactTier, key: string, description: string): Line[] {
  return tier.flatAmount.numerator === 0n ? [] : [feeLine(key, description, tier.flatAmount)];
}

function tierName(tiers: readonly ExactTier[], index: number): string {
  const [from, to] = [tiers[index - 1]?.upTo ?? null, tiers[index]!.upTo];
  if (to !== null) return `tier ${index + 1} (up to ${formatRatio(to)})`;
  return from === null ? `tier ${index + 1}` : `tier ${index + 1} (above ${formatRatio(from)})`;
}
