import { Inject, Injectable } from '@nestjs/common';
import { type Estimate, estimateMonth, type UnitPrices, type WorkloadSpecs } from '../core/estimate';
import { parseQuantity, quantityRatio } from '../core/quantity';
import type { Ratio } from '../core/ratio';
import { CONFIG, type Config } from '../platform/config';

type Prices = Pick<Config, 'priceComputeGbHour' | 'priceBuildMinute' | 'priceStorageGbMonth'>;

/** What a workload would cost without a plan, at the unit prices of the environment. */
@Injectable()
export class EstimateService {
  readonly #prices: UnitPrices;

  constructor(@Inject(CONFIG) { priceComputeGbHour, priceBuildMinute, priceStorageGbMonth }: Prices) {
    this.#prices = {
      computeGbHour: exact(priceComputeGbHour),
      buildMinute: exact(priceBuildMinute),
      storageGbMonth: exact(priceStorageGbMonth),
    };
  }

  /** Per hour and month, unrounded, in major units; writes nothing. */
  estimate(specs: WorkloadSpecs): Estimate {
    return estimateMonth(specs, this.#prices);
  }
}

function exact(text: string): Ratio {
  return quantityRatio(parseQuantity(text));
}
