import { below, boolean, decimal, integer, list, oneOf, readOrThrow, refuse, text } from './json-codec';
import type { Codec, Place } from './json-codec';
import { isObject, object, optional, required, type Check, type Members } from './json-object';
import { CELL, matrixIsSound } from './matrix-shape';
import type {
  DynamicPrice,
  FlatPrice,
  GraduatedPercentagePrice,
  GraduatedPrice,
  MatrixPrice,
  PackagePrice,
  PercentagePrice,
  PerUnitPrice,
  Price,
  PriceTerms,
  UnitConversion,
  UsageDiscount,
  VolumePrice,
} from './price';
import { formatQuantity, ONE, ZERO, type Quantity } from './quantity';
import { tiersCodec } from './tier-shape';

/** The wire shape of a price, as a table per model: decimal strings in major units, `null` = no bound. */

const CELLS_MAX = 10_000;
const FREE_EVENTS_MAX = 1_000_000_000;
const NAME_MAX = 200;
const HUNDRED = 100n * ONE;

const AMOUNT = decimal({ atLeast: ZERO });
const POSITIVE = decimal({ above: ZERO });

const CONVERSION = object<UnitConversion>({
  divideBy: required('divide_by', POSITIVE),
  round: optional('round', oneOf('up', 'none'), 'none'),
});

const PERCENT_OFF = object<{ percent: Quantity }>({
  percent: required('percent', decimal({ atLeast: ZERO, atMost: HUNDRED })),
});
const UNITS_OFF = object<{ quantity: Quantity }>({ quantity: required('quantity', AMOUNT) });
const DISCOUNT: Codec<UsageDiscount> = {
  read: (json, place) => (carries(json, 'percent') ? PERCENT_OFF : UNITS_OFF).read(json, place),
  write: (discount) => ('percent' in discount ? PERCENT_OFF.write(discount) : UNITS_OFF.write(discount)),
};

function carries(json: unknown, name: string): boolean {
  return isObject(json) && Object.hasOwn(json, name);
}

const TERMS: Members<PriceTerms> = {
  includedQuantity: optional('included_quantity', AMOUNT, ZERO),
  unitConversion: optional('unit_conversion', CONVERSION, null),
  usageDiscount: optional('usage_discount', DISCOUNT, null),
  minimumAmount: optional('minimum_amount', AMOUNT, null),
  maximumAmount: optional('maximum_amount', AMOUNT, null),
};

/** A minimum above the maximum could not be kept. */
function ordered<T>(of: { low: keyof T; high: keyof T; wire: string; other: string }) {
  return (value: Partial<T>, place: Place) => {
    const [low, high] = [value[of.low], value[of.high]];
    if (typeof low !== 'bigint' || typeof high !== 'bigint' || low <= high) return;
    refuse(below(place, of.wire), `must not be more than ${of.other}`);
  };
}

const COMMITMENTS = ordered<PriceTerms>({
  low: 'minimumAmount',
  high: 'maximumAmount',
  wire: 'minimum_amount',
  other: 'maximum_amount',
});

const PER_EVENT = ordered<PercentagePrice>({
  low: 'perEventMinimum',
  high: 'perEventMaximum',
  wire: 'per_event_minimum',
  other: 'per_event_maximum',
});

/** What the models have in common, around the members of one model. */
function priced<P extends Price>(
  name: P['model'],
  own: Members<Omit<P, keyof PriceTerms | 'model'>>,
  ...checks: readonly Check<P>[]
): Codec<P> {
  const members = { model: required('model', oneOf(name)), ...own, ...TERMS };
  return object(members as unknown as Members<P>, COMMITMENTS as Check<P>, ...checks);
}

/** Two spellings of one price: `unit_amount`, or `amount` per `per_quantity` where a rate would not end. */
const NOT_BESIDE_UNIT_AMOUNT: Codec<Quantity> = {
  read: (_json, place) => refuse(place, 'stands beside amount, not beside unit_amount'),
  write: formatQuantity,
};
const BY_UNIT = priced<PerUnitPrice>('per_unit', {
  amount: required('unit_amount', AMOUNT),
  perQuantity: optional('per_quantity', NOT_BESIDE_UNIT_AMOUNT, ONE),
});
const BY_QUANTITY = priced<PerUnitPrice>('per_unit', {
  amount: required('amount', AMOUNT),
  perQuantity: required('per_quantity', POSITIVE),
});
const PER_UNIT: Codec<PerUnitPrice> = {
  read: (json, place) => (carries(json, 'unit_amount') ? BY_UNIT : BY_QUANTITY).read(json, place),
  write: (price) => (price.perQuantity === ONE ? BY_UNIT : BY_QUANTITY).write(price),
};

const CODECS: { readonly [M in Price['model']]: Codec<Extract<Price, { model: M }>> } = {
  flat: priced<FlatPrice>('flat', {
    amount: required('amount', AMOUNT),
    billed: optional('billed', oneOf('in_arrears', 'in_advance'), 'in_arrears'),
    prorated: optional('prorated', boolean(), true),
  }),
  per_unit: PER_UNIT,
  graduated: priced<GraduatedPrice>('graduated', { tiers: required('tiers', tiersCodec('unit_amount')) }),
  volume: priced<VolumePrice>('volume', { tiers: required('tiers', tiersCodec('unit_amount')) }),
  package: priced<PackagePrice>('package', {
    packageSize: required('package_size', POSITIVE),
    amount: required('amount', AMOUNT),
  }),
  percentage: priced<PercentagePrice>(
    'percentage',
    {
      rate: required('rate', AMOUNT),
      fixedAmount: optional('fixed_amount', AMOUNT, ZERO),
      freeEvents: optional('free_events', integer(0, FREE_EVENTS_MAX), null),
      freeAmount: optional('free_amount', AMOUNT, null),
      perEventMinimum: optional('per_event_minimum', AMOUNT, null),
      perEventMaximum: optional('per_event_maximum', AMOUNT, null),
    },
    PER_EVENT,
  ),
  graduated_percentage: priced<GraduatedPercentagePrice>('graduated_percentage', {
    tiers: required('tiers', tiersCodec('rate')),
  }),
  dynamic: priced<DynamicPrice>('dynamic', {}),
  matrix: priced<MatrixPrice>(
    'matrix',
    {
      dimensions: required('dimensions', list(text(NAME_MAX), { atLeast: 1, atMost: 2 })),
      cells: required('cells', list(CELL, { atLeast: 0, atMost: CELLS_MAX })),
      defaultUnitAmount: required('default_unit_amount', AMOUNT),
    },
    matrixIsSound,
  ),
};

export const PRICE_MODELS = Object.keys(CODECS) as Price['model'][];

/** A price by its `model`; for use inside larger shapes. */
export const PRICE: Codec<Price> = {
  read: (json, place) => {
    if (!isObject(json)) return refuse(place, 'must be an object');
    const name = oneOf(...PRICE_MODELS).read(json.model, below(place, 'model'));
    return name && CODECS[name].read(json, place);
  },
  write: (price) => (CODECS[price.model] as Codec<Price>).write(price),
};

/**
 * Reads a price from its wire shape. Unknown members, gaps, overlaps and descending bounds are refused; all problems
 * are thrown as one `invalid-argument` whose fields are paths below `field`, such as `price.tiers[1].up_to`.
 */
export function parsePrice(json: unknown, field = 'price'): Price {
  return readOrThrow(PRICE, json, field);
}

/** The wire shape of a price; what goes without saying is left out, so that it reads like a person wrote it. */
export function priceToJson(price: Price): Readonly<Record<string, unknown>> {
  return PRICE.write(price) as Readonly<Record<string, unknown>>;
}
