import { Module } from '@nestjs/common';
import { CalculateService } from './calculate.service';
import { CatalogueSeed } from './catalogue.seed';
import { ListPriceRepository } from './list-price.repository';
import { ListPriceController } from './list-price.rest.controller';
import { ListPriceService } from './list-price.service';
import { MeterRepository } from './meter.repository';
import { MeterController } from './meter.rest.controller';
import { MeterService } from './meter.service';
import { PriceController } from './price.rest.controller';

/** Meters, prices and what they make of usage. */
@Module({
  controllers: [MeterController, PriceController, ListPriceController],
  providers: [
    MeterRepository,
    MeterService,
    CatalogueSeed,
    CalculateService,
    ListPriceRepository,
    ListPriceService,
  ],
  exports: [MeterService, ListPriceService],
})
export class PricingModule {}
