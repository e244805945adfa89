import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { OffCycleInvoices } from '../billing/off-cycle.service';
import { Clock } from '../platform/clock';
import { Jobs } from '../platform/jobs/jobs.service';
import { JobRunner } from './job-runner.service';

const NAME = 'off-cycle-invoices';
const EVERY_MS = 300_000;
const LEASE_MS = 600_000;

/** Looks for accounts that reached their threshold, and for late usage of accounts that are billed no more. */
@Injectable()
export class OffCycleInvoicesJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly jobs: Jobs,
    private readonly invoices: OffCycleInvoices,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const run = () => this.invoices.run({ now: this.clock.now(), testClock: null });
    const does = 'drafts invoices at thresholds and after the last one';
    this.jobs.add({ name: NAME, does, when: 'every 5 min', everyMs: EVERY_MS, leaseMs: LEASE_MS, run });
  }

  @Interval(NAME, EVERY_MS)
  async run(): Promise<void> {
    await this.runner.run(NAME);
  }
}
