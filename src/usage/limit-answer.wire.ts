import { z } from 'zod';
import type { Stretch } from '../core/contribution';
import { type Meter, type OnUnavailable, ON_UNAVAILABLE } from '../core/meter';
import { formatQuantity, formatRatio, type Quantity, quantityRatio, ZERO } from '../core/quantity';
import { divideRatios, type Ratio } from '../core/ratio';
import { leftOf, type Standing } from '../core/standing';
import type { Spending } from '../cost-centers/spending.service';
import { type AnswerOf, DecimalText, InstantText } from '../platform/doors/open-api-answer';
import { inUnits } from './limit-notes.service';
import type { MeterStanding } from './standing.service';

/** The parts that all answers about limits are put together from. */

export const PeriodAnswer = z.strictObject({ from: InstantText, to: InstantText });

/** How a meter stands; amounts in units of the meter, as usage doors show them. */
export const STANDING = {
  used: DecimalText.nullable(),
  reserved: DecimalText.nullable().meta({ description: 'Held by open reservations.' }),
  limit: DecimalText.nullable().meta({ description: 'Null = unlimited.' }),
  remaining: DecimalText.nullable().meta({
    description: 'What is neither used nor reserved below the limit; null = unlimited.',
  }),
  on_exceed: z.enum(['bill', 'flag', 'refuse']).nullable(),
};
export const StandingAnswer = z.strictObject({ meter: z.string(), unit: z.string(), ...STANDING });

/** One item of a request that names a meter. */
export const MeterItemAnswer = z
  .strictObject({
    meter: z.string(),
    quantity: DecimalText.meta({ description: 'As it was asked for.' }),
    allowed: z.boolean().meta({ description: 'False = it is this item that does not fit.' }),
    ...STANDING,
  })
  .meta({ id: 'MeterDecision' });
export type MeterItemAnswer = AnswerOf<typeof MeterItemAnswer>;

export const SpendingAnswer = z
  .strictObject({ asset: z.string(), limit: DecimalText, owed: DecimalText, is_reached: z.boolean() })
  .meta({
    id: 'Spending',
    description: 'The spending limit of the account; `owed` is posted and pending together.',
  });

export const AppliedAnswer = z.strictObject({ on_unavailable: z.enum(ON_UNAVAILABLE) }).meta({
  id: 'AppliedPolicy',
  description: 'What was applied because the database could not be reached.',
});

export const periodOf = ({ from, to }: Stretch): AnswerOf<typeof PeriodAnswer> => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
});

export const appliedOf = (policy: OnUnavailable): AnswerOf<typeof AppliedAnswer> => ({
  on_unavailable: policy,
});

export function spendingOf(spending: Spending | null | undefined): AnswerOf<typeof SpendingAnswer> | null {
  if (!spending) return null;
  const { asset, limit, owed, isReached } = spending;
  return { asset, limit: formatQuantity(limit), owed: formatQuantity(owed), is_reached: isReached };
}

/** What is said when nobody could be asked. */
export const WITHOUT_DATABASE = 'The database cannot be reached';

/** The sentence that says why nothing more may be spent. */
export function spendingReason({ asset, limit, owed }: Spending): string {
  return `The spending limit of ${formatQuantity(limit)} ${asset} is reached: ${formatQuantity(owed)} are owed`;
}

const ratioInUnits = (amount: Ratio, { divideBy }: Meter): string =>
  formatRatio(divideRatios(amount, divideBy));

/** Totals of a meter in its units. */
export function standingOf(meter: Meter, totals: Standing) {
  const left = leftOf(totals);
  return {
    used: totals.used && ratioInUnits(totals.used, meter),
    reserved: inUnits(totals.reserved, meter),
    limit: totals.limit === null ? null : inUnits(totals.limit, meter),
    remaining: left && ratioInUnits(left, meter),
    on_exceed: totals.onExceed,
  };
}

/** A standing by itself. */
export const toRestStanding = (standing: MeterStanding): AnswerOf<typeof StandingAnswer> => ({
  ...{ meter: standing.meter.key, unit: standing.meter.unit },
  ...standingOf(standing.meter, standing),
});

const UNSAID = { used: null, reserved: null, limit: null, remaining: null, on_exceed: null };

interface DecidedItem {
  readonly meter: string;
  readonly quantity: Quantity;
  readonly isRefused: boolean;
  /** Null = not told. */
  readonly totals: (Omit<Standing, 'used' | 'reserved'> & { used: Quantity; reserved?: Quantity }) | null;
}

/** One item that was decided about; `meters` holds every meter that is named. */
export function itemOf(
  { meter: key, quantity: asked, isRefused, totals }: DecidedItem,
  meters: ReadonlyMap<string, Meter>,
): MeterItemAnswer {
  const own = { meter: key, quantity: formatQuantity(asked), allowed: !isRefused };
  if (totals === null) return { ...own, ...UNSAID };
  const { used, reserved, ...rest } = totals;
  const told = { ...rest, used: quantityRatio(used), reserved: reserved ?? ZERO };
  const standing = standingOf(meters.get(key)!, told);
  return { ...own, ...standing, reserved: reserved === undefined ? null : standing.reserved };
}

/** Why the first item that does not fit is refused; null when all fit. */
export function refusalReason(items: readonly MeterItemAnswer[]): string | null {
  const refused = items.find(({ allowed }) => !allowed);
  if (!refused) return null;
  const held =
    refused.reserved === null || refused.reserved === '0' ? '' : ` and ${refused.reserved} reserved`;
  return `It goes beyond the limit of ${refused.meter}: ${refused.used} of ${refused.limit} used${held}`;
}
