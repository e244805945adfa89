import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { CONFIG, type Config } from '../platform/config';
import { Jobs } from '../platform/jobs/jobs.service';
import { ReconcileUsageService } from '../usage/reconcile-usage.service';
import { RecurringJobs } from './recurring-jobs.service';

/** The name is that of the original's job: operators know it from their metrics and alerts. */
const NAME = 'ledger';

/** Charges what ended and accrues what runs. It catches up by itself: what is to be done is found in marks, not in the clock. */
@Injectable()
export class LedgerJob implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly recurring: RecurringJobs,
    private readonly jobs: Jobs,
    private readonly usage: ReconcileUsageService,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'controllerScheduleMs'>,
  ) {}

  onModuleInit(): void {
    const run = () => this.usage.run({ now: this.clock.now(), testClock: null });
    const does = 'charges what instances used and accrues what runs';
    this.jobs.add({ name: NAME, does, ...this.recurring.planOf(this.config.controllerScheduleMs), run });
  }

  onApplicationBootstrap(): void {
    this.recurring.start(NAME, this.config.controllerScheduleMs);
  }
}
