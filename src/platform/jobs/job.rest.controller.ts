import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { CurrentPrincipal } from '../auth/current-principal';
import { requireEveryAccount, type Principal } from '../auth/principal';
import { RequireScope } from '../auth/require-scope';
import { ApiDoor } from '../doors/open-api-door';
import { JobPath } from './job.commands';
import { fromRestJobName, JobsAnswer, JobTurnAnswer, toRestJobs, toRestJobTurn } from './job.wire';
import { Jobs } from './jobs.service';

@Controller('api/v1/jobs')
export class JobController {
  constructor(private readonly jobs: Jobs) {}

  @Get()
  @RequireScope('operations:read')
  @ApiDoor({
    name: 'listJobs',
    tag: 'operations',
    summary: 'Lists jobs with what became of them last',
    answers: { 200: JobsAnswer },
  })
  async list() {
    return toRestJobs(await this.jobs.list());
  }

  /** Runs a job now and waits for its end. */
  @Post(':name/run')
  @HttpCode(200)
  @RequireScope('jobs:run')
  @ApiDoor({
    name: 'runJob',
    tag: 'operations',
    summary: 'Runs a job now and waits for its end',
    description: 'Safe at any time: what was done is not done again. Needs a key that acts for all accounts.',
    path: JobPath,
    answers: { 200: JobTurnAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async run(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    requireEveryAccount(caller);
    return toRestJobTurn(await this.jobs.runByHand(fromRestJobName(path)));
  }
}
