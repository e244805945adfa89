import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { BillingModule } from '../billing/billing.module';
import type { Config } from '../platform/config';
import { CostCentersModule } from '../cost-centers/cost-centers.module';
import { LedgerModule } from '../ledger/ledger.module';
import { UsageModule } from '../usage/usage.module';
import { BudgetAlertsJob } from './budget-alerts.job';
import { CounterMirrorJob } from './counter-mirror.job';
import { GrantExpiryJob } from './grant-expiry.job';
import { InvoiceJob } from './invoice.job';
import { JobRunner } from './job-runner.service';
import { JobTimers } from './job-timers.service';
import { LedgerJob } from './ledger.job';
import { OffCycleInvoicesJob } from './off-cycle-invoices.job';
import { OutboxJob } from './outbox.job';
import { PartitionUpkeepJob } from './partition-upkeep.job';
import { ReservationExpiryJob } from './reservation-expiry.job';
import { ResetUsageJob } from './reset-usage.job';
import { RetentionJob } from './retention.job';
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
        LedgerModule,
        CostCentersModule,
        UsageModule,
        BillingModule,
        ScheduleModule.forRoot({ cronJobs: runsJobs, intervals: runsJobs, timeouts: runsJobs }),
      ],
      providers: [
        JobRunner,
        JobTimers,
        BudgetAlertsJob,
        CounterMirrorJob,
        GrantExpiryJob,
        InvoiceJob,
        LedgerJob,
        OffCycleInvoicesJob,
        OutboxJob,
        PartitionUpkeepJob,
        ReservationExpiryJob,
        ResetUsageJob,
        RetentionJob,
        RollupJob,
      ],
    };
  }
}
