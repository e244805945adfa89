import { ZERO, type Quantity } from './quantity';

/**
 * A price as plain data, one type per model of the pricing rules. Amounts, rates and quantities are at the common
 * scale of 10⁻¹⁵; amounts are in major units of the currency of the rate card. `price-shape` reads and writes the wire
 * form, `rate-price` says what usage costs.
 */
export type Price =
  | FlatPrice
  | PerUnitPrice
  | GraduatedPrice
  | VolumePrice
  | PackagePrice
  | PercentagePrice
  | GraduatedPercentagePrice
  | DynamicPrice
  | MatrixPrice;

/** Bytes to GB: one unit of the price is `divideBy` units of the meter. */
export interface UnitConversion {
  readonly divideBy: Quantity;
  /** `up` bills whole units: what remains to be paid is rounded up to the next one. */
  readonly round: 'up' | 'none';
}

/** Off the amount of every line, in percent; or off the quantity, in units of the price. */
export type UsageDiscount = { readonly percent: Quantity } | { readonly quantity: Quantity };

/** What can stand beside any model. A flat price does not look at usage, so quantities do not move it. */
export interface PriceTerms {
  /** Units of the price that cost nothing, taken off first. */
  readonly includedQuantity: Quantity;
  readonly unitConversion: UnitConversion | null;
  readonly usageDiscount: UsageDiscount | null;
  /** A period costs at least this; what is missing at its end is the true-up line. */
  readonly minimumAmount: Quantity | null;
  /** A period never costs more than this. */
  readonly maximumAmount: Quantity | null;
}

export const PLAIN_TERMS: PriceTerms = {
  includedQuantity: ZERO,
  unitConversion: null,
  usageDiscount: null,
  minimumAmount: null,
  maximumAmount: null,
};

/** An amount per period. */
export interface FlatPrice extends PriceTerms {
  readonly model: 'flat';
  readonly amount: Quantity;
  /** When it is invoiced (rule 9a). */
  readonly billed: 'in_arrears' | 'in_advance';
  /** Whether a part of the period costs the same part of the amount. */
  readonly prorated: boolean;
}

/** `amount` per `perQuantity` units, so that "1 credit per 6 minutes" needs no rounded rate. */
export interface PerUnitPrice extends PriceTerms {
  readonly model: 'per_unit';
  readonly amount: Quantity;
  readonly perQuantity: Quantity;
}

/** The part of a scale above the bound before and up to `upTo`, which belongs to it; null = no bound. */
export interface Tier {
  readonly upTo: Quantity | null;
  /** Per unit; where the scale counts money, the rate (0.02 = 2 %). */
  readonly unitAmount: Quantity;
  readonly flatAmount: Quantity;
}

/** Each slice of the quantity at the price of its tier. */
export interface GraduatedPrice extends PriceTerms {
  readonly model: 'graduated';
  readonly tiers: readonly Tier[];
}

/** The whole quantity at the price of the tier in which it lies. */
export interface VolumePrice extends PriceTerms {
  readonly model: 'volume';
  readonly tiers: readonly Tier[];
}

/** `amount` per begun package of `packageSize` units. */
export interface PackagePrice extends PriceTerms {
  readonly model: 'package';
  readonly packageSize: Quantity;
  readonly amount: Quantity;
}

/** A rate on the amount that each event carries. */
export interface PercentagePrice extends PriceTerms {
  readonly model: 'percentage';
  /** 0.012 = 1.2 %. */
  readonly rate: Quantity;
  /** Per event that is not wholly free. */
  readonly fixedAmount: Quantity;
  /** The free part ends with whichever of the two is exhausted first; null = that one sets no bound. */
  readonly freeEvents: number | null;
  readonly freeAmount: Quantity | null;
  readonly perEventMinimum: Quantity | null;
  readonly perEventMaximum: Quantity | null;
}

/** A rate by tier of the summed amounts of the events. */
export interface GraduatedPercentagePrice extends PriceTerms {
  readonly model: 'graduated_percentage';
  readonly tiers: readonly Tier[];
}

/** Each event says what it costs. */
export interface DynamicPrice extends PriceTerms {
  readonly model: 'dynamic';
}

/** The values that a usage entry must carry, and what a unit of it then costs. */
export interface MatrixCell {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly unitAmount: Quantity;
}

/** A price per value of one or two dimensions. */
export interface MatrixPrice extends PriceTerms {
  readonly model: 'matrix';
  readonly dimensions: readonly string[];
  readonly cells: readonly MatrixCell[];
  /** For whatever no cell names. */
  readonly defaultUnitAmount: Quantity;
}

/**
 * A piece of usage. For the models that look at events (percentage, graduated percentage, dynamic, matrix) an entry
 * is one event and their order counts; for all others only the sum of the quantities does.
 */
export interface UsageEntry {
  readonly quantity: Quantity;
  /** In major units. A percentage takes the quantity where it is missing: that of a meter which sums money. */
  readonly amount?: Quantity | null;
  readonly dimensions?: Readonly<Record<string, string>>;
}
