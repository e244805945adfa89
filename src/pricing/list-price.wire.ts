import { z } from 'zod';
import type { Meter } from '../core/meter';
import { priceToJson } from '../core/price-shape';
import { skuToJson } from '../core/sku';
import { type AnswerOf, InstantText } from '../platform/doors/open-api-answer';
import { type PutListPrice, PutListPriceBody, SkuShape } from './list-price.commands';
import type { StoredListPrice } from './list-price.repository';
import { fromRestMeterKey } from './meter.wire';
import { PriceJson } from './price-description';

/** The key stands in the path and nowhere else. */
export function fromRestPutListPrice(path: unknown, body: unknown): PutListPrice {
  return { meter: fromRestMeterKey(path), ...PutListPriceBody.parse(body) };
}

export const ListPriceAnswer = z
  .strictObject({
    currency: z.string(),
    valid_from: InstantText,
    price: PriceJson,
    sku: SkuShape.optional(),
    created_at: InstantText,
  })
  .meta({ id: 'ListPrice' });
export const ListPricesAnswer = z.strictObject({
  meter: z.string(),
  unit: z.string(),
  items: z.array(ListPriceAnswer),
});

export function toRestListPrice({
  currency,
  validFrom,
  price,
  sku,
  createdAt,
}: StoredListPrice): AnswerOf<typeof ListPriceAnswer> {
  return {
    currency,
    valid_from: new Date(validFrom).toISOString(),
    price: priceToJson(price),
    ...(sku === null ? {} : { sku: skuToJson(sku) }),
    created_at: createdAt.toISOString(),
  };
}

export function toRestListPrices({
  meter,
  versions,
}: {
  meter: Meter;
  versions: readonly StoredListPrice[];
}): AnswerOf<typeof ListPricesAnswer> {
  return { meter: meter.key, unit: meter.unit, items: versions.map(toRestListPrice) };
}
