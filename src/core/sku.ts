/** What a price sells, in the words of the bill or price list it came from; null where that says nothing. */
export interface Sku {
  readonly provider: string | null;
  readonly publisher: string | null;
  readonly service: string | null;
  readonly serviceCategory: string | null;
  readonly skuId: string | null;
  readonly skuPriceId: string | null;
  readonly pricingCategory: string | null;
}

/** Its members and their names on the wire and in storage. */
const NAMES = {
  provider: 'provider',
  publisher: 'publisher',
  service: 'service',
  serviceCategory: 'service_category',
  skuId: 'sku_id',
  skuPriceId: 'sku_price_id',
  pricingCategory: 'pricing_category',
} as const satisfies Record<keyof Sku, string>;
type SkuJson = Partial<Record<(typeof NAMES)[keyof Sku], string>>;

const MEMBERS = Object.entries(NAMES) as [keyof Sku, keyof SkuJson][];

/** What is not said is left out. */
export function skuToJson(sku: Sku): SkuJson {
  return Object.fromEntries(
    MEMBERS.flatMap(([member, name]) => (sku[member] === null ? [] : [[name, sku[member]]])),
  );
}

export function skuFromJson(json: SkuJson): Sku {
  const members = MEMBERS.map(([member, name]) => [member, json[name] ?? null]);
  return Object.fromEntries(members) as Record<keyof Sku, string | null>;
}
