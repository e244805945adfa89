import { Global, Module } from '@nestjs/common';
import { JobMetrics } from './job-metrics.service';
import { JobRuns } from './job-runs.service';
import { JobRepository } from './job.repository';
import { JobController } from './job.rest.controller';
import { Jobs } from './jobs.service';

/** Work that is done once per period, and jobs that can be run by hand. */
@Global()
@Module({
  controllers: [JobController],
  providers: [JobRepository, JobRuns, JobMetrics, Jobs],
  exports: [Jobs],
})
export class JobsModule {}
