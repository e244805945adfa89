import type { AccountKey } from './account-key';
import type { Stretch } from './contribution';
import { textCell } from './csv-cell';
import { writeDecimal } from './decimal';
import { focusSubAccountId } from './focus-account';
import type { ListPrice } from './list-price';
import type { Meter } from './meter';
import { ratio, roundRatio, type Ratio } from './ratio';

/** Usage of one meter by one account in one charge period, rated by the list. */
export interface FocusCharge extends Stretch {
  readonly account: AccountKey;
  readonly accountName: string | null;
  /** The account's period that the charge belongs to. */
  readonly period: Stretch;
  readonly meter: Pick<Meter, 'key' | 'name' | 'unit'>;
  readonly price: ListPrice;
  /** In units of the meter. */
  readonly quantity: Ratio;
  /** In major units of the price's currency. */
  readonly amount: Ratio;
  /** The same for the same charge in every export. */
  readonly id: string;
}

/** Who issues the bill, and provides what nobody else is named for. */
export interface FocusIssuer {
  readonly issuer: string;
}

/** Enough for the product of a quantity and a price to be exact; only what never ends is rounded. */
const PLACES = 30;
const ONE_AT_PLACES = 10n ** 30n;

type Cell = (charge: FocusCharge, issuer: FocusIssuer) => string;

const text = (of: (charge: FocusCharge, issuer: FocusIssuer) => string | null): Cell => {
  return (charge, issuer) => textCell(of(charge, issuer));
};
/** Quantities and amounts are numbers: no quotes, no apostrophe before a minus. */
const number = (of: (charge: FocusCharge) => Ratio | null): Cell => {
  return (charge) => {
    const value = of(charge);
    return value === null ? '' : writeDecimal(roundRatio(value, ONE_AT_PLACES), PLACES);
  };
};
const instant = (of: (charge: FocusCharge) => number): Cell => {
  return (charge) => new Date(of(charge)).toISOString().replace('.000Z', 'Z');
};

const amount = number((charge) => charge.amount);
const quantity = number((charge) => charge.quantity);
const unit = text(({ meter }) => meter.unit);
const providerOf = ({ price }: FocusCharge, { issuer }: FocusIssuer): string => price.sku?.provider ?? issuer;

/**
 * The columns of FOCUS 1.2: the 21 mandatory ones, and of the others those we know something for. By the list nothing
 * is negotiated or amortised, so all four costs are one. What has no value is an empty cell, which the specification
 * calls null. `x_RowId` is ours, as its prefix says.
 */
const COLUMNS: Readonly<Record<string, Cell>> = {
  BilledCost: amount,
  BillingAccountId: text(({ account }) => account),
  BillingAccountName: text(({ accountName }) => accountName),
  BillingCurrency: text(({ price }) => price.currency),
  BillingPeriodEnd: instant(({ period }) => period.to),
  BillingPeriodStart: instant(({ period }) => period.from),
  ChargeCategory: text(() => 'Usage'),
  ChargeClass: text(() => null),
  ChargeDescription: text(({ meter }) => meter.name),
  ChargeFrequency: text(() => 'Usage-Based'),
  ChargePeriodEnd: instant(({ to }) => to),
  ChargePeriodStart: instant(({ from }) => from),
  ConsumedQuantity: quantity,
  ConsumedUnit: unit,
  ContractedCost: amount,
  ContractedUnitPrice: number(unitPriceOf),
  EffectiveCost: amount,
  InvoiceIssuerName: text((_charge, { issuer }) => issuer),
  ListCost: amount,
  ListUnitPrice: number(unitPriceOf),
  PricingCategory: text(({ price }) => price.sku?.pricingCategory ?? 'Standard'),
  PricingQuantity: quantity,
  PricingUnit: unit,
  ProviderName: text(providerOf),
  PublisherName: text((charge, issuer) => charge.price.sku?.publisher ?? providerOf(charge, issuer)),
  ServiceCategory: text(({ price }) => price.sku?.serviceCategory ?? 'Other'),
  ServiceName: text(({ price, meter }) => price.sku?.service ?? meter.name),
  SkuId: text(({ price, meter }) => price.sku?.skuId ?? meter.key),
  SkuMeter: text(({ meter }) => meter.key),
  SkuPriceId: text(({ price, meter }) => price.sku?.skuPriceId ?? (price.sku === null ? meter.key : null)),
  SubAccountId: text(({ account }) => focusSubAccountId(account)),
  SubAccountName: text(({ accountName }) => accountName),
  x_RowId: text(({ id }) => id),
};

/** Tiers and packages have no single price per unit. */
function unitPriceOf({ price: { price } }: FocusCharge): Ratio | null {
  return price.model === 'per_unit' ? ratio(price.amount, price.perQuantity) : null;
}

/** The first line of an export. */
export function focusHeader(): string {
  return Object.keys(COLUMNS).join(',');
}

/** A charge as one line in the columns of FOCUS 1.2. */
export function focusLine(charge: FocusCharge, issuer: FocusIssuer): string {
  return Object.values(COLUMNS)
    .map((cell) => cell(charge, issuer))
    .join(',');
}
