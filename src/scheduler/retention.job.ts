import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../platform/clock';
import { Jobs } from '../platform/jobs/jobs.service';
import { Logger } from '../platform/logger';
import { Retention } from '../platform/retention';

const NAME = 'retention';
/** How often a process asks whether the day's run is done: one that is restarted every night must come to it, too. */
const EVERY_MS = 600_000;
const DAY_MS = 86_400_000;
const LEASE_MS = 300_000;

/** Lets go what is older than it is to be kept, once a day, by whichever process comes first. */
@Injectable()
export class RetentionJob implements OnModuleInit {
  constructor(
    private readonly jobs: Jobs,
    private readonly retention: Retention,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    const run = () => this.retention.run();
    const does = 'drops events, hours, messages and deliveries that are too old';
    this.jobs.add({ name: NAME, does, when: 'every day', everyMs: DAY_MS, leaseMs: LEASE_MS, run });
  }

  @Interval(NAME, EVERY_MS)
  async run(): Promise<void> {
    const day = this.clock.now().toISOString().slice(0, 10);
    try {
      await this.jobs.runOnce(NAME, day, () => this.jobs.turn(NAME), { leaseMs: LEASE_MS });
    } catch (error) {
      this.logger.error({ err: error, job: NAME }, 'a job failed and will be run again');
    }
  }
}
