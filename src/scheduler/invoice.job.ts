import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InvoiceRun } from '../billing/invoice-run.service';
import { Clock } from '../platform/clock';
import { Jobs } from '../platform/jobs/jobs.service';
import { JobRunner } from './job-runner.service';

const NAME = 'invoices';
const EVERY_MS = 60_000;
const LEASE_MS = 600_000;

/** Makes what is due final. It catches up by itself: what is due is found in the database, not in the clock. */
@Injectable()
export class InvoiceJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly jobs: Jobs,
    private readonly invoices: InvoiceRun,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const run = () => this.invoices.runDue({ now: this.clock.now(), testClock: null });
    const does = 'makes invoices of periods that are over';
    this.jobs.add({ name: NAME, does, when: 'every minute', everyMs: EVERY_MS, leaseMs: LEASE_MS, run });
  }

  @Interval(NAME, EVERY_MS)
  async run(): Promise<void> {
    await this.runner.run(NAME);
  }
}
