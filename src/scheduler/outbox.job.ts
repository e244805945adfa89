import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Jobs } from '../platform/jobs/jobs.service';
import { Logger } from '../platform/logger';
import { OutboxWorker } from '../platform/outbox/outbox-worker.service';

const EVERY_MS = 1_000;
const LEASE_MS = 60_000;

/** Keeps promises to the outside. Without a lock: every process takes its share, and each message has a lease of its own. */
@Injectable()
export class OutboxJob implements OnModuleInit {
  #isRunning = false;

  constructor(
    private readonly worker: OutboxWorker,
    private readonly jobs: Jobs,
    private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    const run = () => this.worker.runDue();
    const does = 'makes the calls to the outside that are due';
    this.jobs.add({ name: 'outbox', does, when: 'every second', leaseMs: LEASE_MS, run });
  }

  @Interval('outbox', EVERY_MS)
  async run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      await this.worker.runDue();
    } catch (error) {
      this.logger.error({ err: error, job: 'outbox' }, 'a job failed and will be run again');
    } finally {
      this.#isRunning = false;
    }
  }
}
