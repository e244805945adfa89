import { invalid } from './errors';
import { divideHalfAwayFromZero, ratio, type Ratio } from './ratio';

/** A quantity in units of 10⁻¹⁵, the finest grain a bill of ours can carry (`numeric(38,15)` in Postgres). */
export type Quantity = bigint & { readonly scale: 15 };

/** Decimal places of a stored quantity. */
export const QUANTITY_PLACES = 15;
/** One whole unit at the common scale. */
export const ONE = (10n ** 15n) as Quantity;
export const ZERO = 0n as Quantity;
/** The largest magnitude an event may report (decision 7): beyond it a sum could overflow `numeric(38,15)`. */
export const QUANTITY_MAX = (10n ** 30n) as Quantity;
/** The largest level a gauge may be set to (decision 7). */
export const LEVEL_MAX = (10n ** 24n) as Quantity;

/** Declares that a bigint already counts units of 10⁻¹⁵. */
export function quantity(units: bigint): Quantity {
  return units as Quantity;
}

const DECIMAL = /^(-?)(\d{1,23})(?:\.(\d{1,15}))?$/;

/**
 * Reads a plain decimal with at most 23 digits before and 15 after the point.
 * No exponent, sign `+`, blank or grouping. Throws `invalid-argument` naming `field`.
 */
export function parseQuantity(text: string, field = 'quantity'): Quantity {
  const match = DECIMAL.exec(text);
  if (!match) {
    throw invalid(field, 'must be a plain decimal with at most 23 digits before and 15 after the point');
  }
  const magnitude = BigInt(match[2]! + (match[3] ?? '').padEnd(QUANTITY_PLACES, '0'));
  return quantity(match[1] ? -magnitude : magnitude);
}

const SHORTEST = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/**
 * Reads a binary double as its shortest decimal, then exactly, rounded half away from zero to 15 places
 * (decisions 7 and 25: 1.005 means 1.005, not 1.00499…). Throws `invalid-argument` for NaN and infinities.
 */
export function quantityFromDouble(value: number, field = 'quantity'): Quantity {
  const match = SHORTEST.exec(String(value));
  if (!match) throw invalid(field, 'must be a finite number');
  const fraction = match[3] ?? '';
  const exponent = BigInt(match[4] ?? '0') - BigInt(fraction.length) + BigInt(QUANTITY_PLACES);
  const digits = BigInt(match[2]! + fraction);
  const magnitude =
    exponent >= 0n ? digits * 10n ** exponent : divideHalfAwayFromZero(digits, 10n ** -exponent);
  return quantity(match[1] ? -magnitude : magnitude);
}

/** The shortest plain decimal: no trailing zeros, no exponent, `-0` never. */
export function formatQuantity(value: bigint): string {
  const whole = value / ONE;
  if (whole * ONE === value) return whole.toString();
  const full = fullDecimal(value);
  let end = full.length;
  while (full.charCodeAt(end - 1) === ZERO_DIGIT) end--;
  return full.slice(0, end);
}

const ZERO_DIGIT = 0x30;

/** The decimal with all of its 15 places: what a database reads; half as long in the making as the shortest form. */
export function fullDecimal(value: bigint): string {
  const text = value.toString();
  const digits = value < 0n ? text.slice(1) : text;
  const padded = digits.length > QUANTITY_PLACES ? digits : digits.padStart(QUANTITY_PLACES + 1, '0');
  const point = padded.length - QUANTITY_PLACES;
  return `${value < 0n ? '-' : ''}${padded.slice(0, point)}.${padded.slice(point)}`;
}

/** The exact ratio a quantity stands for, in whole units. */
export function quantityRatio(value: Quantity): Ratio {
  return ratio(value, ONE);
}

/** The nearest quantity to an exact ratio of whole units, half away from zero. */
export function quantityOfRatio(value: Ratio): Quantity {
  return quantity(divideHalfAwayFromZero(value.numerator * ONE, value.denominator));
}

/** The product of two quantities of whole units, rounded once to 15 places, half away from zero. */
export function multiplyQuantities(a: Quantity, b: Quantity): Quantity {
  return b === ONE ? a : quantity(divideHalfAwayFromZero(a * b, ONE));
}

/** An exact ratio as the shortest plain decimal: exact when it ends within 15 places, else rounded to 15 of them. */
export function formatRatio(value: Ratio): string {
  return formatQuantity(quantityOfRatio(value));
}
