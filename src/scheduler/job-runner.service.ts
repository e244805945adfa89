import { Injectable } from '@nestjs/common';
import { Lock } from '../platform/lock';
import { Logger } from '../platform/logger';

/** Runs one turn of a job under its lock. A failed turn is logged and the next one comes; it never ends the process. */
@Injectable()
export class JobRunner {
  constructor(
    private readonly lock: Lock,
    private readonly logger: Logger,
  ) {}

  async run(name: string, leaseMs: number, work: () => Promise<unknown>): Promise<void> {
    try {
      await this.lock.withLock(name, leaseMs, async () => void (await work()));
    } catch (error) {
      this.logger.error({ err: error, job: name }, 'a job failed and will be run again');
    }
  }
}
