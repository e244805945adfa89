import { Global, Module } from '@nestjs/common';
import { RateLimitRepository } from './rate-limit.repository';
import { RateLimitController } from './rate-limit.rest.controller';
import { RATE_CLOCK, RateLimiter } from './rate-limiter';
import { RateLimits } from './rate-limits.service';

/** How many requests a principal may make. */
@Global()
@Module({
  controllers: [RateLimitController],
  providers: [
    RateLimitRepository,
    RateLimits,
    RateLimiter,
    { provide: RATE_CLOCK, useValue: () => performance.now() },
  ],
  exports: [RateLimiter],
})
export class RateLimitsModule {}
