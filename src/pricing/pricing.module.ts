import { Module } from '@nestjs/common';
import { CalculateService } from './calculate.service';
import { CatalogueSeed } from './catalogue.seed';
import { ListPriceRepository } from './list-price.repository';
import { ListPriceController } from './list-price.rest.controller';
import { ListPriceService } from './list-price.service';
import { MeterRepository } from './meter.repository';
import { MeterController } from './meter.rest.controller';
import { MeterService } from './meter.service';
import { PlanController } from './plan.rest.controller';
import { PlanRepository } from './plan.repository';
import { PlanService } from './plan.service';
import { PriceController } from './price.rest.controller';
import { WaybillPlanController } from './waybill-plan.rest.controller';
import { EstimateService } from './estimate.service';
import { UnitPriceService } from './unit-price.service';

/** Meters, prices, plans and what they make of usage. */
@Module({
  controllers: [MeterController, PriceController, ListPriceController, PlanController, WaybillPlanController],
  providers: [
    MeterRepository,
    MeterService,
    CatalogueSeed,
    CalculateService,
    ListPriceRepository,
    ListPriceService,
    PlanRepository,
    PlanService,
    EstimateService,
    UnitPriceService,
  ],
  exports: [MeterService, ListPriceService, PlanService, UnitPriceService],
})
export class PricingModule {}
