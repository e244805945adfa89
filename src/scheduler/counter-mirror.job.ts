import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Jobs } from '../platform/jobs/jobs.service';
import { CounterMirror } from '../usage/counter-mirror';
import { JobTimers } from './job-timers.service';

const NAME = 'counter-mirror';
const EVERY_MS = 600_000;

/**
 * Copies the counters of running periods to Redis once more: a process that was killed between its COMMIT and the copying
 * told nobody.
 */
@Injectable()
export class CounterMirrorJob implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly timers: JobTimers,
    private readonly jobs: Jobs,
    private readonly mirror: CounterMirror,
  ) {}

  onModuleInit(): void {
    const run = async () => ({ filled: await this.mirror.fill() });
    const does = 'copies the counters of running periods to Redis';
    this.jobs.add({ name: NAME, does, ...this.timers.planOf(EVERY_MS), run });
  }

  onApplicationBootstrap(): void {
    this.timers.start(NAME, EVERY_MS);
  }
}
