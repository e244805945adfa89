import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { RollupService } from '../usage/rollup.service';
import { JobRunner } from './job-runner.service';

const EVERY_MS = 5_000;
const LEASE_MS = 60_000;

/** Rolls up what was recorded since the last run; the lock only saves work, two runners are harmless. */
@Injectable()
export class RollupJob {
  constructor(
    private readonly jobs: JobRunner,
    private readonly rollups: RollupService,
  ) {}

  @Interval('rollup', EVERY_MS)
  async run(): Promise<void> {
    await this.jobs.run('rollup', LEASE_MS, () => this.rollups.catchUp());
  }
}
