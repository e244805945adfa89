import { invalid } from './errors';
import { type Currency, type Money, currencyExponent, money, parseCurrency } from './money';
import { QUANTITY_PLACES, type Quantity, fullDecimal, parseQuantity, quantity } from './quantity';

/** The usage unit of an older contract; it is no money and has no rate to any. */
export const CREDIT = 'CREDIT';
const CREDIT_PLACES = 2;

/** What a ledger counts. Amounts stand at the common scale and are whole numbers of the asset's smallest unit. */
export type Asset = Currency | typeof CREDIT;

/** Reads `CREDIT` or an ISO 4217 code. Throws `invalid-argument` naming `field`. */
export function parseAsset(text: string, field = 'asset'): Asset {
  return text === CREDIT ? CREDIT : parseCurrency(text, field);
}

/** Decimal places of the smallest unit: 2 for USD and CREDIT, 0 for JPY. */
export function assetPlaces(asset: Asset): number {
  return asset === CREDIT ? CREDIT_PLACES : currencyExponent(asset);
}

/** The smallest amount of the asset that can be posted: 0.01 for USD and CREDIT, 1 for JPY. */
export function smallestUnit(asset: Asset): Quantity {
  return quantity(10n ** BigInt(QUANTITY_PLACES - assetPlaces(asset)));
}

/** Whether the amount is a whole number of the asset's smallest unit. */
export function isWholeAmount(amount: Quantity, asset: Asset): boolean {
  return amount % smallestUnit(asset) === 0n;
}

/** Reads an amount above zero in major units, such as `12.34`. Nothing is rounded. Throws `invalid-argument` naming `field`. */
export function parseAmount(text: string, asset: Asset, field = 'amount'): Quantity {
  const amount = parseQuantity(text, field);
  if (amount <= 0n) throw invalid(field, 'must be above zero');
  if (!isWholeAmount(amount, asset)) {
    throw invalid(field, `must have at most ${assetPlaces(asset)} decimal places in ${asset}`);
  }
  return amount;
}

/** A whole amount in major units with all the decimals of its asset: `12.30`, `-0.05`, `1200` (JPY). */
export function formatAmount(amount: Quantity, asset: Asset): string {
  const places = assetPlaces(asset);
  const text = fullDecimal(amount);
  return text.slice(0, text.indexOf('.') + (places === 0 ? 0 : places + 1));
}

/** Money at the common scale. */
export function amountOfMoney({ minor, currency }: Money): Quantity {
  return quantity(minor * smallestUnit(currency));
}

/** A whole amount as money in minor units. */
export function moneyOfAmount(amount: Quantity, currency: Currency): Money {
  return money(amount / smallestUnit(currency), currency);
}
