import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Jobs } from '../platform/jobs/jobs.service';
import { RollupService } from '../usage/rollup.service';
import { JobRunner } from './job-runner.service';

const NAME = 'rollup';
const EVERY_MS = 5_000;
const LEASE_MS = 60_000;

/** Rolls up what was recorded since the last run; the lock only saves work, two runners are harmless. */
@Injectable()
export class RollupJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly jobs: Jobs,
    private readonly rollups: RollupService,
  ) {}

  onModuleInit(): void {
    const run = () => this.rollups.catchUp();
    const does = 'rolls up what was recorded since its last turn';
    this.jobs.add({ name: NAME, does, when: 'every 5 s', everyMs: EVERY_MS, leaseMs: LEASE_MS, run });
  }

  @Interval(NAME, EVERY_MS)
  async run(): Promise<void> {
    await this.runner.run(NAME);
  }
}
