import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { PartitionService } from '../usage/partition.service';
import { JobRunner } from './job-runner.service';

const EVERY_MS = 3_600_000;
const LEASE_MS = 60_000;

/** Makes partitions ahead of time, so that ingest never waits for one. */
@Injectable()
export class PartitionUpkeepJob {
  constructor(
    private readonly jobs: JobRunner,
    private readonly partitions: PartitionService,
  ) {}

  @Interval('partition-upkeep', EVERY_MS)
  async run(): Promise<void> {
    await this.jobs.run('partition-upkeep', LEASE_MS, () => this.partitions.ensureAhead());
  }
}
