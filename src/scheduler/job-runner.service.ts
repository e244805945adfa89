import { Injectable } from '@nestjs/common';
import { Jobs } from '../platform/jobs/jobs.service';
import { Logger } from '../platform/logger';

/** Runs one turn of a job under its lock. A failed turn is logged and the next one comes; it never ends the process. */
@Injectable()
export class JobRunner {
  constructor(
    private readonly jobs: Jobs,
    private readonly logger: Logger,
  ) {}

  async run(name: string): Promise<void> {
    try {
      await this.jobs.turn(name);
    } catch (error) {
      this.logger.error({ err: error, job: name }, 'a job failed and will be run again');
    }
  }
}
