import { writeDecimal } from './decimal';
import { detached, FocusRefusal, focusDecimal, label, shown, type FocusRow } from './focus-row';
import { CURRENCIES, type Currency } from './money';
import { QUANTITY_PLACES, quantity, type Quantity } from './quantity';
import type { Sku } from './sku';

/** A price of a bill: the meter that counts its usage and what a unit of it costs by the list. */
export interface FocusPrice {
  /** The key of the meter, and the type of its events. */
  readonly meter: string;
  readonly name: string;
  readonly unit: string;
  readonly currency: Currency;
  readonly unitAmount: Quantity;
  readonly sku: Sku;
}

const KNOWN_CURRENCIES: ReadonlySet<string> = new Set(CURRENCIES);
const UNIT_AMOUNT_MAX = 10n ** 38n;
const SLUG_MAX = 60;
const NAME_MAX = 200;
const UNIT_MAX = 50;

/** What tells one price from another; rows that agree in these texts have the same price. */
export function focusPriceTexts(row: FocusRow): readonly (string | null)[] {
  return [
    row('ProviderName'),
    row('SkuPriceId'),
    row('SkuId'),
    row('ListUnitPrice'),
    row('PricingUnit'),
    row('BillingCurrency'),
  ];
}

/**
 * The price of a row. An empty price id does not make two prices one: the id of the SKU and the amount are part of what
 * a price is, and so are provider, unit and currency, because no meter may add up what differs in them. Throws
 * FocusRefusal when the row names no amount that a price can have.
 */
export function focusPrice(row: FocusRow, digest: (text: string) => string): FocusPrice {
  const amount = row('ListUnitPrice');
  if (amount === null)
    throw new FocusRefusal('ListUnitPrice', `is missing: ${chargeOf(row)} has no price per unit`);
  const unitAmount = focusDecimal(amount, 'ListUnitPrice', QUANTITY_PLACES);
  if (unitAmount < 0n) throw new FocusRefusal('ListUnitPrice', `${shown(amount)} is negative`);
  if (unitAmount >= UNIT_AMOUNT_MAX) throw new FocusRefusal('ListUnitPrice', `${shown(amount)} is too large`);
  const sku = skuOf(row);
  const unit = detached(label(row('PricingUnit') ?? 'units', UNIT_MAX));
  const currency = currencyOf(row);
  const identity = JSON.stringify([
    sku.provider,
    sku.skuPriceId,
    sku.skuId,
    writeDecimal(unitAmount, QUANTITY_PLACES),
    row('PricingUnit'),
    currency,
  ]);
  return {
    meter: `focus.${slug(sku.skuPriceId ?? sku.skuId ?? 'price')}-${digest(identity)}`,
    name: nameOf(row),
    unit,
    currency,
    unitAmount: quantity(unitAmount),
    sku,
  };
}

/** The row in a sentence, such as `a charge of category "Credit"`. */
export function chargeOf(row: FocusRow): string {
  const category = row('ChargeCategory');
  return category === null ? 'the row' : `a charge of category ${shown(category)}`;
}

function currencyOf(row: FocusRow): Currency {
  const text = row('BillingCurrency');
  if (text === null) throw new FocusRefusal('BillingCurrency', 'is missing');
  if (!KNOWN_CURRENCIES.has(text))
    throw new FocusRefusal('BillingCurrency', `${shown(text)} is no currency of ISO 4217`);
  return text as Currency;
}

function skuOf(row: FocusRow): Sku {
  const text = (value: string | null): string | null => value && detached(label(value, NAME_MAX));
  return {
    provider: text(row('ProviderName')),
    publisher: text(row('PublisherName')),
    service: text(row('ServiceName')),
    serviceCategory: text(row('ServiceCategory')),
    skuId: text(row('SkuId')),
    skuPriceId: text(row('SkuPriceId')),
    pricingCategory: text(row('PricingCategory')),
  };
}

/** What people read instead of the key of the meter. */
function nameOf(row: FocusRow): string {
  const text = row('ChargeDescription') ?? row('ServiceName') ?? row('SkuId') ?? 'Imported price';
  return detached(label(text, NAME_MAX));
}

/** The readable part of a meter's key; the digest after it tells apart what it makes equal. */
function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_.]+/g, '-')
    .slice(0, SLUG_MAX);
}
