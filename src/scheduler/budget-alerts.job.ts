import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { BudgetEvaluationService } from '../billing/budget-evaluation.service';
import { CONFIG, type Config } from '../platform/config';
import { Jobs } from '../platform/jobs/jobs.service';
import { JobTimers } from './job-timers.service';

const NAME = 'budget-alerts';
const LEASE_MS = 60_000;
const MS_PER_MINUTE = 60_000;

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
    const { budgetAlertIntervalMs: every } = this.config;
    const run = () => this.budgets.evaluateAll();
    const when = every === null ? 'never by itself' : `every ${Math.round(every / MS_PER_MINUTE)} min`;
    const does = 'holds budgets against what was spent and sends alerts';
    this.jobs.add({ name: NAME, does, when, leaseMs: LEASE_MS, run });
  }

  onApplicationBootstrap(): void {
    this.timers.start(NAME, this.config.budgetAlertIntervalMs);
  }
}
