import { z } from 'zod';
import type { Calculation, CalculationRequest } from '../core/calculate';
import type { RoundedLine } from '../core/line';
import { formatMoney, money, type Currency } from '../core/money';
import { formatRatio } from '../core/quantity';
import { type AnswerOf, DecimalText, InstantText } from '../platform/doors/open-api-answer';
import { CalculatePrice, ListBoundaries } from './price.commands';

export const fromRestCalculatePrice = (body: unknown): CalculationRequest => CalculatePrice.parse(body);
export const fromRestListBoundaries = (query: unknown): ListBoundaries => ListBoundaries.parse(query);

const LineAnswer = z
  .strictObject({
    description: z.string(),
    quantity: DecimalText,
    unit_amount: DecimalText.optional(),
    amount_exact: DecimalText,
    amount: DecimalText.meta({ description: 'Rounded to the currency’s minor unit.' }),
  })
  .meta({ id: 'Line' });
export const CalculationAnswer = z
  .strictObject({ lines: z.array(LineAnswer), amount_exact: DecimalText, amount: DecimalText })
  .meta({ id: 'Calculation' });
export const BoundariesAnswer = z.strictObject({ boundaries: z.array(InstantText) });

/** Quantities and prices per unit are printed unrounded (to 15 places where they do not end), amounts rounded once. */
export function toRestCalculation({ lines, exact, amount }: Calculation): AnswerOf<typeof CalculationAnswer> {
  return {
    lines: lines.map((line) => toRestLine(line, amount.currency)),
    amount_exact: formatRatio(exact),
    amount: formatMoney(amount),
  };
}

function toRestLine({ description, quantity, unitAmount, amount, minor }: RoundedLine, currency: Currency) {
  return {
    description,
    quantity: quantity === null ? '1' : formatRatio(quantity),
    ...(unitAmount === null ? {} : { unit_amount: formatRatio(unitAmount) }),
    amount_exact: formatRatio(amount),
    amount: formatMoney(money(minor, currency)),
  };
}

export function toRestBoundaries(boundaries: readonly Date[]): AnswerOf<typeof BoundariesAnswer> {
  return { boundaries: boundaries.map((at) => at.toISOString()) };
}
