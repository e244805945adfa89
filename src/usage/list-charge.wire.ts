import { z } from 'zod';
import { formatRatio } from '../core/quantity';
import { type AnswerOf, DecimalText, InstantText } from '../platform/doors/open-api-answer';
import { ListChargeParameters, type ReadListCharges } from './list-charge.commands';
import type { ListChargeAnswer } from './list-charge.service';
import { MeterPath } from './usage-query.commands';

export function fromRestReadListCharges(path: unknown, query: unknown): ReadListCharges {
  return { ...ListChargeParameters.parse(query), meter: MeterPath.parse(path).key };
}

const instant = (ms: number): string => new Date(ms).toISOString();

export const ListCharges = z
  .strictObject({
    meter: z.string(),
    unit: z.string(),
    account: z.string(),
    currency: z.string(),
    from: InstantText,
    to: InstantText,
    amount_exact: DecimalText,
    data: z.array(
      z.strictObject({
        from: InstantText,
        to: InstantText,
        price_valid_from: InstantText.nullable().meta({
          description: 'Null where no list price was in force yet.',
        }),
        quantity: DecimalText,
        amount_exact: DecimalText.nullable(),
      }),
    ),
  })
  .meta({ id: 'ListCharges' });

/** Nothing is billed by this, so nothing is rounded to cents: 15 places, and exact where an amount ends within them. */
export function toRestListCharges(answer: ListChargeAnswer): AnswerOf<typeof ListCharges> {
  return {
    meter: answer.meter.key,
    unit: answer.meter.unit,
    account: answer.account.key,
    currency: answer.currency,
    from: instant(answer.from),
    to: instant(answer.to),
    amount_exact: formatRatio(answer.amount),
    data: answer.lines.map(({ from, to, price, quantity, amount }) => ({
      from: instant(from),
      to: instant(to),
      price_valid_from: price && instant(price.validFrom),
      quantity: formatRatio(quantity),
      amount_exact: amount && formatRatio(amount),
    })),
  };
}
