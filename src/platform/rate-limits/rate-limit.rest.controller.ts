import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { CurrentPrincipal } from '../auth/current-principal';
import type { Principal } from '../auth/principal';
import { RequireScope } from '../auth/require-scope';
import { ApiDoor } from '../doors/open-api-door';
import { PutRateLimit, RateLimitPath } from './rate-limit.commands';
import {
  fromRestPutRateLimit,
  fromRestRateLimitPath,
  RateLimitAnswer,
  toRestRateLimit,
} from './rate-limit.wire';
import { RateLimits } from './rate-limits.service';

@Controller('api/v1/accounts/:key/rate-limit')
export class RateLimitController {
  constructor(private readonly limits: RateLimits) {}

  @Get()
  @RequireScope('accounts:read')
  @ApiDoor({
    name: 'getRateLimit',
    tag: 'accounts',
    summary: 'Reads how many requests each principal of an account may make',
    path: RateLimitPath,
    answers: { 200: RateLimitAnswer },
    errors: ['not-found'],
  })
  async get(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestRateLimit(await this.limits.get(caller, fromRestRateLimitPath(path)));
  }

  /** Gives an account a limit of its own. */
  @Put()
  @RequireScope('operations:write')
  @ApiDoor({
    name: 'putRateLimit',
    tag: 'accounts',
    summary: 'Gives an account a limit of requests of its own',
    description:
      'It holds for each API key and each token that acts for this one account, here at once and in other processes within ' +
      'five seconds. Only who acts for all accounts may set it.',
    path: RateLimitPath,
    body: PutRateLimit.meta({ example: { requests: 5000, window_ms: 1000 } }),
    answers: { 200: RateLimitAnswer },
    errors: ['not-found'],
  })
  async put(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const limit = fromRestPutRateLimit(body);
    return toRestRateLimit(await this.limits.put(caller, fromRestRateLimitPath(path), limit));
  }

  /** Lets the usual limit hold again. */
  @Delete()
  @HttpCode(204)
  @RequireScope('operations:write')
  @ApiDoor({
    name: 'deleteRateLimit',
    tag: 'accounts',
    summary: 'Lets the usual limit of requests hold for an account again',
    path: RateLimitPath,
    answers: { 204: null },
    errors: ['not-found'],
  })
  async remove(@CurrentPrincipal() caller: Principal, @Param() path: unknown): Promise<void> {
    await this.limits.remove(caller, fromRestRateLimitPath(path));
  }
}
