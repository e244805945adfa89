import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { BudgetEvaluationService } from '../billing/budget-evaluation.service';
import { CONFIG, type Config } from '../platform/config';
import { Jobs } from '../platform/jobs/jobs.service';
import { JobTimers } from './job-timers.service';

const NAME = 'budget-alerts';

/** Holds budgets against what was spent, as often as it is configured; the lock only saves work, two runners are harmless. */
@Injectable()
export class BudgetAlertsJob implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly jobs: Jobs,
    private readonly timers: JobTimers,
    private readonly budgets: BudgetEvaluationService,
    @Inject(CONFIG) private readonly config: Pick<Config, 'budgetAlertIntervalMs'>,
  ) {}

  onModuleInit(): void {
    const run = () => this.budgets.evaluateAll();
    const does = 'holds budgets against what was spent and sends alerts';
    this.jobs.add({ name: NAME, does, ...this.timers.planOf(this.config.budgetAlertIntervalMs), run });
  }

  onApplicationBootstrap(): void {
    this.timers.start(NAME, this.config.budgetAlertIntervalMs);
  }
}
