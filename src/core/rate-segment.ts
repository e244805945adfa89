import { carryOver, coveredIn } from './allowance';
import type { Stretch } from './contribution';
import type { RatedSegment } from './invoice';
import type { RateCard } from './plan';
import { shareOf } from './proration';
import { type MeterUsage, rateUsage } from './rating';
import { divideRatios, ratio, RATIO_ONE, RATIO_ZERO, type Ratio } from './ratio';
import type { Segment } from './terms';
import { ONE } from './quantity';

/**
 * `over`: the segment has ended, everything is due. `running`: usage so far and what is paid ahead. `fees`: only what is
 * paid ahead.
 */
export type RatingStage = 'over' | 'running' | 'fees';

/** Everything one segment of a period comes to so far; nothing while it is a trial or without a plan. */
export function rateSegment(
  { period, segment, stage }: { period: Stretch; segment: Segment; stage: RatingStage },
  card: RateCard | null,
  usage: ReadonlyMap<string, MeterUsage>,
): RatedSegment {
  if (card === null || segment.isTrial) return { period, segment, charges: [] };
  const share = shareOfStretch(segment, period);
  const { charges } = rateUsage(cardAt(card, stage), usage, { final: stage === 'over', share });
  return { period, segment, charges };
}

/** What is due at a stage: fees in arrears only when they are over. */
function cardAt(card: RateCard, stage: RatingStage): RateCard {
  if (stage === 'over') return card;
  const baseFee = card.baseFee?.billed === 'in_advance' ? card.baseFee : null;
  const prices = [...card.prices].filter(([, price]) =>
    price.model === 'flat' ? price.billed === 'in_advance' : stage === 'running',
  );
  return { ...card, baseFee, prices: new Map(prices) };
}

/** Whether anything of the card is paid ahead. */
export function isPaidAhead({ baseFee, prices }: RateCard): boolean {
  return [baseFee, ...prices.values()].some(
    (price) => price?.model === 'flat' && price.billed === 'in_advance',
  );
}

export function shareOfStretch(part: Stretch, period: Stretch): Ratio {
  if (part.from === period.from && part.to === period.to) return RATIO_ONE;
  return shareOf(
    { from: new Date(part.from), to: new Date(part.to) },
    { from: new Date(period.from), to: new Date(period.to) },
  );
}

/** What the last segment of a period hands to the next period, by meter, in units of the meter (pricing rule 15). */
export function carriedOut(
  { period, segment }: { period: Stretch; segment: Segment },
  card: RateCard | null,
  usage: ReadonlyMap<string, MeterUsage>,
): Map<string, Ratio> {
  const carried = new Map<string, Ratio>();
  for (const [meter, { included, rollover }] of card?.allowances ?? []) {
    if (rollover === null || included === null) continue;
    const used = usage.get(meter);
    const share = shareOfStretch(segment, period);
    const covered = coveredIn(included, { share, carriedOver: used?.carriedOver ?? RATIO_ZERO });
    const left = carryOver(rollover, { included: covered, used: unitsUsed(used) });
    if (left.numerator > 0n) carried.set(meter, left);
  }
  return carried;
}

/** In units of the meter. */
export function unitsUsed(usage: MeterUsage | undefined): Ratio {
  if (usage === undefined) return RATIO_ZERO;
  const stored = usage.entries.reduce((sum, { quantity }) => sum + quantity, 0n);
  return divideRatios(ratio(stored, ONE), usage.divideBy ?? RATIO_ONE);
}
