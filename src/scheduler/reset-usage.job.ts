import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { ResetUsageService } from '../cost-centers/reset-usage.service';
import { Clock } from '../platform/clock';
import { CONFIG, type Config } from '../platform/config';
import { Jobs } from '../platform/jobs/jobs.service';
import { JobTimers } from './job-timers.service';

/** The name is that of the original's job: operators know it from their metrics and alerts. */
const NAME = 'reset_usage';

/** Renews the allowances whose cycle is over. */
@Injectable()
export class ResetUsageJob implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly timers: JobTimers,
    private readonly jobs: Jobs,
    private readonly resets: ResetUsageService,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'resetUsageScheduleMs'>,
  ) {}

  onModuleInit(): void {
    const run = () => this.resets.run(`job:${NAME}`, { now: this.clock.now(), testClock: null });
    const does = 'renews allowances whose cycle is over';
    this.jobs.add({ name: NAME, does, ...this.timers.planOf(this.config.resetUsageScheduleMs), run });
  }

  onApplicationBootstrap(): void {
    this.timers.start(NAME, this.config.resetUsageScheduleMs);
  }
}
