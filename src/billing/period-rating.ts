import type { Stretch } from '../core/contribution';
import type { BilledCharge, RatedSegment } from '../core/invoice';
import { quantityOfRatio } from '../core/quantity';
import { carriedOut, rateSegment, type RatingStage, unitsUsed } from '../core/rate-segment';
import type { Charge, MeterUsage } from '../core/rating';
import { addRatios, multiplyRatios, RATIO_ZERO, type Ratio } from '../core/ratio';
import { parseRatioText } from '../core/ratio-text';
import type { Segment } from '../core/terms';
import type { StoredPlanVersion } from '../pricing/stored-plan';
import type { PeriodUsage, PeriodUsageQuestion } from '../usage/period-usage.service';
import type { InvoiceClaim } from './invoice-claim';
import type { BilledLineRow } from './invoice.repository';

/** One segment of a period as it was rated. */
export interface SegmentRating extends RatedSegment {
  readonly stage: RatingStage;
  readonly card: StoredPlanVersion | null;
  readonly usage: ReadonlyMap<string, MeterUsage>;
}

/** A period to be rated, cut by its terms. */
export interface RatedPeriod {
  readonly claim: InvoiceClaim;
  readonly period: Stretch;
  readonly segments: readonly {
    readonly segment: Segment;
    readonly stage: RatingStage;
    readonly card: StoredPlanVersion | null;
    readonly questions: readonly PeriodUsageQuestion[];
  }[];
}

/** Each counter once, however many segments look at it. */
export function revisionOf(period: RatedPeriod, of: (question: PeriodUsageQuestion) => bigint): bigint {
  const byMeter = new Map<number, bigint>();
  for (const { questions } of period.segments) {
    for (const question of questions) byMeter.set(question.meter.id, of(question));
  }
  return [...byMeter.values()].reduce((sum, revision) => sum + revision, 0n);
}

/** Rates the segments of a period one after the other: what was used earlier counts against limits. */
export function ratePeriod(
  { claim, period, segments }: RatedPeriod,
  carriedIn: ReadonlyMap<string, Ratio>,
  answered: ReadonlyMap<PeriodUsageQuestion, PeriodUsage>,
): { ratings: SegmentRating[]; carried: ReadonlyMap<string, Ratio> } {
  const usedEarlier = new Map<string, Ratio>();
  let carried: ReadonlyMap<string, Ratio> = new Map();
  const ratings = segments.map(({ segment, stage, card, questions }, i) => {
    const isLast = i === segments.length - 1;
    const usage = new Map<string, MeterUsage>();
    for (const question of questions) {
      const { key } = question.meter;
      const carriedOver = i === 0 ? carriedIn.get(key) : undefined;
      const own = meterUsage(question, answered.get(question)!, {
        carriedOver,
        usedEarlier: usedEarlier.get(key),
      });
      usage.set(key, isLast && period.from === claim.period.from ? withMoreUsage(own, question, claim) : own);
    }
    for (const [key, used] of usage)
      usedEarlier.set(key, addRatios(usedEarlier.get(key) ?? RATIO_ZERO, unitsUsed(used)));
    if (isLast) carried = carriedOut({ period, segment }, card, usage);
    const names = new Map(questions.map(({ meter }) => [meter.key, meter.name]));
    const rated = rateSegment({ period, segment, stage }, card, usage);
    return { ...rated, charges: rated.charges.map((charge) => named(charge, names)), stage, card, usage };
  });
  return { ratings, carried };
}

/** Says what is charged for in the words of the catalogue. */
function named(charge: Charge, names: ReadonlyMap<string, string>): Charge {
  if (charge.meter === null) return charge;
  const { description } = charge;
  const name = names.get(charge.meter) ?? charge.meter;
  return { ...charge, description: `${name}: ${description.charAt(0).toLowerCase()}${description.slice(1)}` };
}

function meterUsage(
  { meter }: PeriodUsageQuestion,
  { entries }: PeriodUsage,
  { carriedOver, usedEarlier }: { carriedOver: Ratio | undefined; usedEarlier: Ratio | undefined },
): MeterUsage {
  return {
    entries,
    divideBy: meter.divideBy,
    ...(carriedOver && { carriedOver }),
    ...(usedEarlier && { usedEarlier }),
  };
}

function withMoreUsage(
  usage: MeterUsage,
  { meter }: PeriodUsageQuestion,
  { moreUsage }: InvoiceClaim,
): MeterUsage {
  const more = moreUsage?.get(meter.key);
  if (more === undefined) return usage;
  const quantity = quantityOfRatio(multiplyRatios(more, meter.divideBy));
  return { ...usage, entries: [...usage.entries, { quantity }] };
}

export function chargeOf(row: BilledLineRow): BilledCharge {
  return {
    ...{ key: row.key, meter: row.meter, description: row.description },
    quantity: row.quantity === null ? null : parseRatioText(row.quantity),
    unitAmount: null,
    amount: parseRatioText(row.amount),
    bound: null,
    minor: BigInt(row.minor),
    periodFrom: Number(row.period_from),
    segmentFrom: Number(row.segment_from),
  };
}
