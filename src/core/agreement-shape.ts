import type { TimedDiscount } from './discount';
import { invalid } from './errors';
import { parseInstant } from './instant';
import { boolean, decimal, list, nullable, readOrThrow, refuse, type Codec } from './json-codec';
import { object, optional, required } from './json-object';
import { words } from './plan-shape';
import { ONE, ZERO, type Quantity } from './quantity';
import type { TaxRate } from './tax';

/** The wire shape of what accounts agree to besides their plan, the same at doors and in storage. */

export const TAXES_MAX = 10;
export const DISCOUNTS_MAX = 20;
const NAME_MAX = 100;

const PERCENT = decimal({ atLeast: ZERO, atMost: 100n * ONE });

const TAX = object<TaxRate>({
  name: required('name', words(1, NAME_MAX)),
  percent: required('percent', PERCENT),
  inclusive: optional('inclusive', boolean(), false),
});

/** A discount with both of its kinds, one of which is null. */
interface DiscountJson {
  readonly name: string;
  readonly percent: Quantity | null;
  readonly amount: Quantity | null;
  readonly endsAt: number | null;
}

const INSTANT: Codec<number> = {
  read: (json, place) => {
    if (typeof json !== 'string') return refuse(place, 'must be an RFC 3339 instant');
    try {
      return parseInstant(json, place.field);
    } catch {
      return refuse(place, 'must be an RFC 3339 instant such as 2026-01-31T10:00:00Z');
    }
  },
  write: (at) => new Date(at).toISOString(),
};

const DISCOUNT = object<DiscountJson>(
  {
    name: required('name', words(1, NAME_MAX)),
    percent: optional('percent', nullable(PERCENT), null),
    amount: optional('amount', nullable(decimal({ above: ZERO })), null),
    endsAt: optional('ends_at', nullable(INSTANT), null),
  },
  ({ percent, amount }, place) => {
    if ((percent === null) === (amount === null)) refuse(place, 'must have either a percent or an amount');
  },
);

const TAXES = list(TAX, { atLeast: 0, atMost: TAXES_MAX });
const DISCOUNTS = list(DISCOUNT, { atLeast: 0, atMost: DISCOUNTS_MAX });

/** Throws `invalid-argument` naming paths below `field`; inclusive and exclusive rates do not mix on one bill. */
export function parseTaxes(json: unknown, field = 'taxes'): readonly TaxRate[] {
  const taxes = readOrThrow(TAXES, json, field);
  const inclusive = taxes.filter((tax) => tax.inclusive).length;
  if (inclusive > 0 && inclusive < taxes.length)
    throw invalid(field, 'must be all inclusive or all exclusive');
  return taxes;
}

export const taxesToJson = (taxes: readonly TaxRate[]): unknown => TAXES.write(taxes);

/** Throws `invalid-argument` naming paths below `field`. */
export function parseDiscounts(json: unknown, field = 'discounts'): TimedDiscount[] {
  return readOrThrow(DISCOUNTS, json, field).map(({ name, percent, amount, endsAt }) =>
    percent === null ? { name, amount: amount!, endsAt } : { name, percent, endsAt },
  );
}

export const discountsToJson = (discounts: readonly TimedDiscount[]): unknown =>
  DISCOUNTS.write(
    discounts.map((discount) => ({
      ...{ name: discount.name, endsAt: discount.endsAt },
      percent: 'percent' in discount ? discount.percent : null,
      amount: 'amount' in discount ? discount.amount : null,
    })),
  );
