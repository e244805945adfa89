import type { StripeObject } from './stripe-object';

/** One line's worth of a price: tiers of a graduated price make a line each. */
export interface Rated {
  readonly quantity: number;
  /** Minor units, rounded half away from zero once. */
  readonly amount: number;
  readonly unitAmountDecimal: string | null;
}

const PLACES = 12;
const ONE = 10n ** BigInt(PLACES);

/** What a quantity costs. */
export function rate(price: StripeObject, quantity: number): Rated[] {
  const units = transformed(price, quantity);
  if (price.billing_scheme !== 'tiered') {
    const unit = price.unit_amount_decimal as string;
    return [{ quantity, amount: rounded(scaled(unit) * BigInt(units)), unitAmountDecimal: unit }];
  }
  const tiers = price.tiers as StripeObject[];
  if (price.tiers_mode === 'volume') {
    const tier = tiers.find((one) => one.up_to === null || units <= (one.up_to as number))!;
    return [inTier(tier, units)];
  }
  return graduated(tiers, units);
}

function graduated(tiers: StripeObject[], units: number): Rated[] {
  const lines: Rated[] = [];
  let from = 0;
  for (const tier of tiers) {
    const upTo = (tier.up_to as number | null) ?? Infinity;
    if (units <= from && lines.length > 0) break;
    lines.push(inTier(tier, Math.min(units, upTo) - from));
    from = upTo;
  }
  return lines;
}

function inTier(tier: StripeObject, units: number): Rated {
  const unit = tier.unit_amount_decimal as string | null;
  const flat = tier.flat_amount_decimal as string | null;
  const exact = scaled(unit ?? '0') * BigInt(units) + (units > 0 ? scaled(flat ?? '0') : 0n);
  return { quantity: units, amount: rounded(exact), unitAmountDecimal: unit };
}

/** Packages: a hundred units for the price of one, begun ones counted or not. */
function transformed(price: StripeObject, quantity: number): number {
  const rule = price.transform_quantity as { divide_by: number; round: 'up' | 'down' } | null;
  if (!rule) return quantity;
  const packages = quantity / rule.divide_by;
  return rule.round === 'up' ? Math.ceil(packages) : Math.floor(packages);
}

function scaled(decimal: string): bigint {
  const [whole, places = ''] = decimal.replace('-', '').split('.') as [string, string?];
  const value = BigInt(whole) * ONE + BigInt(places.padEnd(PLACES, '0'));
  return decimal.startsWith('-') ? -value : value;
}

function rounded(exact: bigint): number {
  const magnitude = ((exact < 0n ? -exact : exact) * 2n + ONE) / (ONE * 2n);
  return Number(exact < 0n ? -magnitude : magnitude);
}

/** A part of an amount by time, rounded half away from zero. */
export function prorated(amount: number, part: number, whole: number): number {
  const magnitude = (BigInt(Math.abs(amount)) * BigInt(part) * 2n + BigInt(whole)) / (BigInt(whole) * 2n);
  return Number(amount < 0 ? -magnitude : magnitude);
}
