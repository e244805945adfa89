import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { Jobs } from '../platform/jobs/jobs.service';
import { ReservationExpiry } from '../usage/reservation-expiry.service';
import { JobTimers } from './job-timers.service';

const NAME = 'reservation-expiry';
const EVERY_MS = 10_000;

/** Sweeps expired reservations. Nobody waits for it: what has expired is free already. */
@Injectable()
export class ReservationExpiryJob implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly timers: JobTimers,
    private readonly jobs: Jobs,
    private readonly expiry: ReservationExpiry,
  ) {}

  onModuleInit(): void {
    const run = async () => ({ ended: await this.expiry.run() });
    const does = 'gives back what expired reservations hold';
    this.jobs.add({ name: NAME, does, ...this.timers.planOf(EVERY_MS), run });
  }

  onApplicationBootstrap(): void {
    this.timers.start(NAME, EVERY_MS);
  }
}
