import { DomainError } from './errors';

/** The columns of a FOCUS bill that an import reads; the others stay where they are. */
export const FOCUS_COLUMNS = [
  'BillingAccountId',
  'BillingCurrency',
  'BillingPeriodStart',
  'ChargeCategory',
  'ChargeDescription',
  'ChargePeriodEnd',
  'ChargePeriodStart',
  'ListCost',
  'ListUnitPrice',
  'PricingCategory',
  'PricingQuantity',
  'PricingUnit',
  'ProviderName',
  'PublisherName',
  'RegionId',
  'RegionName',
  'ResourceId',
  'ServiceCategory',
  'ServiceName',
  'SkuId',
  'SkuPriceId',
  'SubAccountId',
] as const;
export type FocusColumn = (typeof FOCUS_COLUMNS)[number];

/** Without these no row can be usage of a price. Of the two accounts one is enough. */
const REQUIRED: readonly FocusColumn[] = [
  'BillingCurrency',
  'ChargePeriodStart',
  'ListUnitPrice',
  'PricingQuantity',
];

/** Where each column stands in a row; -1 = the file has none. */
export interface FocusLayout {
  readonly width: number;
  readonly id: number;
  readonly at: Readonly<Record<FocusColumn, number>>;
}

/**
 * Finds the columns in the header of a file. `idColumn` holds what identifies a row; the specification has no such
 * column, so its name is the publisher's. Throws `invalid-argument` naming every column that is missing.
 */
export function focusLayout(header: readonly string[], idColumn: string): FocusLayout {
  const at = Object.fromEntries(FOCUS_COLUMNS.map((name) => [name, header.indexOf(name)]));
  const missing: string[] = REQUIRED.filter((name) => at[name] === -1);
  if (at.SubAccountId === -1 && at.BillingAccountId === -1) missing.push('SubAccountId');
  const id = header.indexOf(idColumn);
  if (id === -1) missing.push(idColumn);
  if (missing.length > 0) {
    const fields = missing.map((field) => ({ field, reason: 'is not a column of this file' }));
    throw new DomainError('invalid-argument', `The header lacks ${missing.join(', ')}`, fields);
  }
  return { width: header.length, id, at: at as FocusLayout['at'] };
}
