import { z } from 'zod';
import { parseInstant } from '../core/instant';
import { parseCurrency } from '../core/money';
import { parsePrice } from '../core/price-shape';
import { skuFromJson } from '../core/sku';
import { parsedBy } from '../platform/doors/parsed-by';
import { PriceJson } from './price-description';

const Label = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters')
  .optional();

export const SkuShape = z.strictObject({
  provider: Label,
  publisher: Label,
  service: Label,
  service_category: Label,
  sku_id: Label,
  sku_price_id: Label,
  pricing_category: Label,
});

/** The body of `PUT /api/v1/meters/{key}/list-price`. */
export const PutListPriceBody = z
  .strictObject({
    currency: parsedBy(z.string(), parseCurrency),
    price: parsedBy(PriceJson, parsePrice),
    valid_from: parsedBy(z.string().max(40), parseInstant).optional(),
    sku: SkuShape.nullable().default(null),
  })
  .transform(({ currency, price, valid_from: validFrom = null, sku }) => ({
    currency,
    price,
    /** Null = since ever for a first price, from now on for a later one. */
    validFrom,
    sku: sku && skuFromJson(sku),
  }));

export type PutListPrice = z.infer<typeof PutListPriceBody> & { readonly meter: string };
