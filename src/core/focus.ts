import type { AccountKey } from './account-key';
import type { Properties } from './event';
import { focusAccountKey } from './focus-account';
import type { FocusLayout } from './focus-columns';
import { chargeOf, focusPrice, focusPriceTexts, type FocusPrice } from './focus-price';
import {
  detached,
  FocusRefusal,
  focusDecimal,
  focusInstant,
  focusRow,
  hasControl,
  label,
  shown,
  textAt,
  type FocusRow,
} from './focus-row';
import { writeDecimal } from './decimal';
import { QUANTITY_MAX, QUANTITY_PLACES, quantity, type Quantity } from './quantity';

/** Amounts of a bill are compared at the scale of a product of two quantities. */
export const AMOUNT_PLACES = 30;
/** What the rounding of the file itself may add up to in one row, 10^-9. */
const TOLERANCE = 10n ** 21n;

/** One row of a FOCUS bill as usage of a price. */
export interface FocusUsage {
  readonly account: AccountKey;
  readonly source: string;
  readonly id: string;
  /** Milliseconds since 1970 UTC. */
  readonly occurredAt: number;
  readonly quantity: Quantity;
  readonly resource: string | null;
  readonly properties: Properties;
  readonly price: FocusPrice;
  /** Quantity times list unit price, at 10^-30. */
  readonly rated: bigint;
  /** What the file says this costs by the list, at 10^-30; null when it says nothing. */
  readonly listCost: bigint | null;
}

/** A row is usage of a price, or refused with the column that is wrong and why. */
export type FocusReading =
  | { readonly kind: 'usage'; readonly usage: FocusUsage }
  | { readonly kind: 'refused'; readonly id: string; readonly reason: string };

export interface FocusOptions {
  /** A short name for a long text, in letters and digits: the same for the same text, another for any other. */
  readonly digest: (text: string) => string;
  /** Where the ids of rows are unique; null = within the provider, billing account and billing period of the row. */
  readonly source: string | null;
}

const NAME_MAX = 255;
const DIGEST_ROOM = 40;
const PROPERTY_MAX = 200;
/** Beyond so many texts the memory of them is begun anew. */
const REMEMBERED_MAX = 100_000;

/** A reader for the rows of one file; the same row gives the same reading, whatever came before it. */
export function focusReader(
  layout: FocusLayout,
  options: FocusOptions,
): (cells: readonly string[]) => FocusReading {
  const known: Known = { prices: new Map(), accounts: new Map(), instants: new Map(), sources: new Map() };
  return (cells) => {
    const id = textAt(cells, layout.id) ?? '';
    try {
      if (cells.length !== layout.width) {
        throw new FocusRefusal('row', `has ${cells.length} cells where the header has ${layout.width}`);
      }
      return { kind: 'usage', usage: usageOf(focusRow(layout, cells), { id, options, known }) };
    } catch (error) {
      if (!(error instanceof FocusRefusal)) throw error;
      return { kind: 'refused', id: label(id, NAME_MAX), reason: error.message };
    }
  };
}

/** Prices, accounts, instants and sources repeat in nearly every row. */
interface Known {
  readonly prices: Map<string, FocusPrice>;
  readonly accounts: Map<string, AccountKey>;
  readonly instants: Map<string, number>;
  readonly sources: Map<string, string>;
}

interface Setting {
  readonly id: string;
  readonly options: FocusOptions;
  readonly known: Known;
}

function usageOf(row: FocusRow, { id, options, known }: Setting): FocusUsage {
  if (id === '') throw new FocusRefusal('id', 'is missing, so that a second import could not know the row');
  if (id.length > NAME_MAX || hasControl(id)) throw new FocusRefusal('id', `${shown(id)} cannot be an id`);
  const account = remember(known.accounts, payerOf(row), accountOf);
  const occurredAt = instantOf(row, known);
  const amount = quantityOf(row);
  const price = remember(known.prices, focusPriceTexts(row).join('\u0000'), () =>
    focusPrice(row, options.digest),
  );
  const listCost = row('ListCost');
  const cost = listCost === null ? null : focusDecimal(listCost, 'ListCost', AMOUNT_PLACES);
  return {
    account,
    source: options.source ?? sourceOf(row, { options, known }),
    id,
    occurredAt,
    quantity: amount,
    ...detailsOf(row, cost, options.digest),
    price,
    rated: amount * price.unitAmount,
    listCost: cost,
  };
}

function remember<V>(memory: Map<string, V>, key: string, make: (key: string) => V): V {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make(key);
  if (memory.size >= REMEMBERED_MAX) memory.clear();
  memory.set(detached(key), made);
  return made;
}

/** The sub-account pays; a bill without sub-accounts is paid by its billing account. */
function payerOf(row: FocusRow): string {
  const payer = row('SubAccountId') ?? row('BillingAccountId');
  if (payer === null) throw new FocusRefusal('SubAccountId', 'is missing, and so is BillingAccountId');
  return payer;
}

function accountOf(payer: string): AccountKey {
  const key = focusAccountKey(payer);
  if (key === null)
    throw new FocusRefusal('SubAccountId', `${shown(payer)} cannot be part of an account key`);
  return key;
}

function instantOf(row: FocusRow, known: Known): number {
  const text = row('ChargePeriodStart');
  if (text === null) throw new FocusRefusal('ChargePeriodStart', 'is missing');
  return remember(known.instants, text, () => focusInstant(text, 'ChargePeriodStart'));
}

function quantityOf(row: FocusRow): Quantity {
  const text = row('PricingQuantity');
  if (text === null)
    throw new FocusRefusal('PricingQuantity', `is missing: ${chargeOf(row)} has no quantity`);
  const value = focusDecimal(text, 'PricingQuantity', QUANTITY_PLACES);
  if (value < 0n) {
    throw new FocusRefusal(
      'PricingQuantity',
      `${shown(text)} is negative: correct usage by voiding or amending its event`,
    );
  }
  if (value > QUANTITY_MAX) throw new FocusRefusal('PricingQuantity', `${shown(text)} is more than 10^15`);
  return quantity(value);
}

/** Ids are taken for unique within a provider's bill of one billing account and period. */
function sourceOf(row: FocusRow, { options, known }: Pick<Setting, 'options' | 'known'>): string {
  const period = row('BillingPeriodStart')?.slice(0, 10) ?? '';
  const source = `focus:${row('ProviderName') ?? ''}:${row('BillingAccountId') ?? ''}:${period}`;
  return remember(known.sources, source, () => detached(name(source, options.digest)));
}

/** A text as a name an event can carry; what is too long ends in its digest, so that no two become one. */
function name(text: string, digest: (text: string) => string): string {
  const clean = label(text, text.length);
  return clean.length <= NAME_MAX ? clean : `${label(clean, NAME_MAX - DIGEST_ROOM)}~${digest(text)}`;
}

/** What an explanation of the charge needs; tags and names of people stay in the file. */
function detailsOf(
  row: FocusRow,
  listCost: bigint | null,
  digest: (text: string) => string,
): Pick<FocusUsage, 'resource' | 'properties'> {
  const properties: Record<string, string> = {};
  const keep = (name: string, text: string | null): void => {
    if (text !== null) properties[name] = label(text, PROPERTY_MAX);
  };
  keep('service', row('ServiceName'));
  keep('region', row('RegionId') ?? row('RegionName'));
  keep('charge_category', row('ChargeCategory'));
  keep('charge_period_end', row('ChargePeriodEnd'));
  keep('unit', row('PricingUnit'));
  keep('list_cost', listCost === null ? null : writeDecimal(listCost, AMOUNT_PLACES));
  const resource = row('ResourceId');
  return { resource: resource === null ? null : name(resource, digest), properties };
}

/** Rated less listed, at 10^-30, when they are further apart than the file's own rounding; else null. */
export function focusDifference({ rated, listCost }: Pick<FocusUsage, 'rated' | 'listCost'>): bigint | null {
  if (listCost === null) return null;
  const difference = rated - listCost;
  return difference > TOLERANCE || difference < -TOLERANCE ? difference : null;
}
