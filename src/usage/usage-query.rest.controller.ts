import { Controller, Get, Param, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { MeterPath, UsageParameters } from './usage-query.commands';
import { UsageQueryService } from './usage-query.service';
import { fromRestReadUsage, toRestUsage, UsageReport } from './usage-query.wire';

@Controller('api/v1/meters')
export class UsageQueryController {
  constructor(private readonly usage: UsageQueryService) {}

  /** Usage of one account by one meter, in windows of a time zone and by its dimensions. */
  @Get(':key/usage')
  @RequireScope('usage:read')
  @ApiDoor({
    name: 'readUsage',
    tag: 'usage',
    summary: 'Reads the usage of an account by a meter',
    description: 'In windows of a time zone, and by the dimensions of the meter when asked for.',
    path: MeterPath,
    query: UsageParameters,
    answers: { 200: UsageReport },
    errors: ['not-found', 'failed-precondition'],
  })
  async read(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    return toRestUsage(await this.usage.read(fromRestReadUsage(path, query), caller));
  }
}
