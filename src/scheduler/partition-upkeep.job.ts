import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Jobs } from '../platform/jobs/jobs.service';
import { PartitionService } from '../usage/partition.service';
import { JobRunner } from './job-runner.service';

const NAME = 'partition-upkeep';
const EVERY_MS = 3_600_000;
const LEASE_MS = 60_000;

/** Makes partitions ahead of time, so that ingest never waits for one. */
@Injectable()
export class PartitionUpkeepJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly jobs: Jobs,
    private readonly partitions: PartitionService,
  ) {}

  onModuleInit(): void {
    const run = () => this.partitions.ensureAhead();
    const does = 'makes the partitions of the coming weeks and months';
    this.jobs.add({ name: NAME, does, when: 'every hour', everyMs: EVERY_MS, leaseMs: LEASE_MS, run });
  }

  @Interval(NAME, EVERY_MS)
  async run(): Promise<void> {
    await this.runner.run(NAME);
  }
}
