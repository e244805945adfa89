import { Controller, Get, Param } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AnswerErrorsAs } from '../platform/doors/route-config';
import { ScorpiusUsage } from './scorpius-usage.service';
import {
  fromOrganizationPath,
  OrganizationAnswer,
  OrganizationPath,
  toOrganization,
} from './scorpius-usage.wire';

/** Scorpius's door to what an organisation used. */
@Controller('usage')
export class ScorpiusUsageController {
  constructor(private readonly usage: ScorpiusUsage) {}

  @Get(':org_id')
  @RequireScope('usage:read')
  @AnswerErrorsAs('scorpius')
  @ApiDoor({
    name: 'scorpiusUsage',
    tag: 'scorpius',
    summary: 'Reads what an organisation used in the running period, in Scorpius’s words',
    description:
      'Reading makes nothing. An organisation nobody has seen stands on the free plan for a token of its own, and is not found by a key that reaches many.',
    path: OrganizationPath,
    answers: { 200: OrganizationAnswer },
    errors: ['not-found'],
  })
  async read(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toOrganization(await this.usage.read(caller, fromOrganizationPath(path)));
  }
}
