import { Module, type DynamicModule } from '@nestjs/common';
import { BillingModule } from './billing/billing.module';
import type { Config } from './platform/config';
import { CostCentersModule } from './cost-centers/cost-centers.module';
import { LedgerModule } from './ledger/ledger.module';
import { PlatformModule } from './platform/platform.module';
import { PricingModule } from './pricing/pricing.module';
import { SchedulerModule } from './scheduler/scheduler.module';
import { UsageModule } from './usage/usage.module';

/** The modules of the service; who may import whom stands in modules.cjs. */
@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot(config),
        LedgerModule,
        PricingModule,
        CostCentersModule,
        UsageModule,
        BillingModule,
        SchedulerModule.forRoot(config),
      ],
    };
  }
}
