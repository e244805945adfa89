import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { GrantExpiryService } from '../ledger/grant-expiry.service';
import { Clock } from '../platform/clock';
import { Jobs } from '../platform/jobs/jobs.service';
import { JobRunner } from './job-runner.service';

const NAME = 'grant-expiry';
const EVERY_MS = 3_600_000;
const LEASE_MS = 60_000;

/** Posts what is left of ended grants. Nobody waits for it: from its end on a grant cannot be used, posted or not. */
@Injectable()
export class GrantExpiryJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly jobs: Jobs,
    private readonly expiry: GrantExpiryService,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const run = () => this.expiry.run({ now: this.clock.now(), testClock: null });
    const does = 'posts what is left of ended grants';
    this.jobs.add({ name: NAME, does, when: 'every hour', everyMs: EVERY_MS, leaseMs: LEASE_MS, run });
  }

  @Interval(NAME, EVERY_MS)
  async run(): Promise<void> {
    await this.runner.run(NAME);
  }
}
