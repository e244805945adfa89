import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { BillingModule } from '../billing/billing.module';
import type { Config } from '../platform/config';
import { UsageModule } from '../usage/usage.module';
import { BudgetAlertsJob } from './budget-alerts.job';
import { JobRunner } from './job-runner.service';
import { OutboxJob } from './outbox.job';
import { PartitionUpkeepJob } from './partition-upkeep.job';
import { RollupJob } from './rollup.job';

/**
 * When jobs run. Each job class is a provider of this module and calls a service under a lock, so that any number of
 * replicas may run this; a process whose `ROLE` is `api` runs none.
 */
@Module({})
export class SchedulerModule {
  static forRoot({ role }: Pick<Config, 'role'>): DynamicModule {
    const runsJobs = role !== 'api';
    return {
      module: SchedulerModule,
      imports: [
        UsageModule,
        BillingModule,
        ScheduleModule.forRoot({ cronJobs: runsJobs, intervals: runsJobs, timeouts: runsJobs }),
      ],
      providers: [JobRunner, BudgetAlertsJob, OutboxJob, PartitionUpkeepJob, RollupJob],
    };
  }
}
