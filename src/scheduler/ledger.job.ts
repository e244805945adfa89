import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../platform/clock';
import { CONFIG, type Config } from '../platform/config';
import { Jobs } from '../platform/jobs/jobs.service';
import { DoorMetrics } from '../platform/metrics';
import { ReconcileUsageService } from '../usage/reconcile-usage.service';
import { JobTimers } from './job-timers.service';

/** The name is that of the original's job: operators know it from their metrics and alerts. */
const NAME = 'ledger';
/** The original's job calls this rpc over its own port, and its alerts look there. */
const RPC = '/usage.v1.UsageService/ReconcileUsage';

/** Charges what ended and accrues what runs. It catches up by itself: what is to be done is found in marks, not in the clock. */
@Injectable()
export class LedgerJob implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly timers: JobTimers,
    private readonly jobs: Jobs,
    private readonly usage: ReconcileUsageService,
    private readonly clock: Clock,
    private readonly metrics: DoorMetrics,
    @Inject(CONFIG) private readonly config: Pick<Config, 'controllerScheduleMs'>,
  ) {}

  onModuleInit(): void {
    const reconcile = () => this.usage.run({ now: this.clock.now(), testClock: null });
    const run = () => this.metrics.countAsCall(RPC, reconcile);
    const does = 'charges what instances used and accrues what runs';
    this.jobs.add({ name: NAME, does, ...this.timers.planOf(this.config.controllerScheduleMs), run });
  }

  onApplicationBootstrap(): void {
    this.timers.start(NAME, this.config.controllerScheduleMs);
  }
}
