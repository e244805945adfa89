import { Inject, Injectable } from '@nestjs/common';
import type { ListPrice } from '../core/list-price';
import type { Meter } from '../core/meter';
import { parseCurrency } from '../core/money';
import { PLAIN_TERMS } from '../core/price';
import { ONE, parseQuantity, quantity, type Quantity } from '../core/quantity';
import { CONFIG, type Config } from '../platform/config';
import { ListPriceService } from './list-price.service';

/** The currency of Waybill's prices, and so of what projects cost. */
export const WAYBILL_CURRENCY = parseCurrency('USD');

const SINCE_EVER = 0;
/** GB-hours in a GB-month, whatever the month (TR-12). */
const GB_MONTH = quantity(720n * ONE);

type Prices = Pick<
  Config,
  'priceComputeGbHour' | 'priceBuildMinute' | 'priceStorageGbMonth' | 'priceBandwidthGb'
>;

/** What usage without a plan costs a project: the list, and where it says nothing the unit prices of the environment. */
@Injectable()
export class UnitPriceService {
  readonly #defaults: ReadonlyMap<string, ListPrice>;

  constructor(
    private readonly prices: ListPriceService,
    @Inject(CONFIG) config: Prices,
  ) {
    this.#defaults = unitPrices(config);
  }

  /**
   * A meter with every version of its prices in US dollars, the oldest first. The unit price of the environment holds until
   * the first one that the list has; a meter with neither is free. Throws `not-found` for an unknown meter.
   */
  async of(key: string): Promise<{ meter: Meter; versions: ListPrice[] }> {
    const { meter, versions } = await this.prices.of(key);
    const listed = versions.filter(({ currency }) => currency === WAYBILL_CURRENCY);
    const byDefault = this.#defaults.get(key);
    const isCovered = byDefault === undefined || (listed[0]?.validFrom ?? Infinity) <= SINCE_EVER;
    return { meter, versions: isCovered ? listed : [byDefault, ...listed] };
  }
}

/** What the environment says of prices per unit, by meter. */
export function unitPrices(config: Prices): ReadonlyMap<string, ListPrice> {
  return new Map([
    ['compute_gb_hours', perUnit(config.priceComputeGbHour, ONE)],
    ['build_minutes', perUnit(config.priceBuildMinute, ONE)],
    ['storage_gb_hours', perUnit(config.priceStorageGbMonth, GB_MONTH)],
    ['bandwidth_gb', perUnit(config.priceBandwidthGb, ONE)],
  ]);
}

function perUnit(amount: string, perQuantity: Quantity): ListPrice {
  const price = { ...PLAIN_TERMS, model: 'per_unit', amount: parseQuantity(amount), perQuantity } as const;
  return { currency: WAYBILL_CURRENCY, validFrom: SINCE_EVER, price, sku: null };
}
