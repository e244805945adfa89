import { Controller, Get, Param, Query } from '@nestjs/common';
import { AccountKeyPath } from '../cost-centers/account-path';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { PageQuery } from '../platform/doors/pagination';
import { LimitFacts } from './limit-facts.service';
import {
  AccountLimitsAnswer,
  CrossingPageAnswer,
  fromRestLimitPage,
  fromRestLimits,
  OveragePageAnswer,
  toRestCrossings,
  toRestLimits,
  toRestOverages,
} from './limit-facts.wire';

@Controller('api/v1/accounts/:key')
export class LimitFactsController {
  constructor(private readonly facts: LimitFacts) {}

  /** How the account stands with everything it is limited to. */
  @Get('limits')
  @RequireScope('usage:read')
  @ApiDoor({
    name: 'getLimits',
    tag: 'limits',
    summary: 'Reads how an account stands with its limits, and what its plan grants',
    description: 'In the running period; everything recorded before is seen.',
    path: AccountKeyPath,
    answers: { 200: AccountLimitsAnswer },
    errors: ['not-found'],
  })
  async limits(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    const account = fromRestLimits(path);
    return toRestLimits(account, await this.facts.limits(account, caller));
  }

  @Get('overages')
  @RequireScope('usage:read')
  @ApiDoor({
    name: 'listOverages',
    tag: 'limits',
    summary: 'Lists use beyond limits, event by event, newest first',
    path: AccountKeyPath,
    query: PageQuery,
    answers: { 200: OveragePageAnswer },
    errors: ['not-found'],
  })
  async overages(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    return toRestOverages(await this.facts.overages(fromRestLimitPage(path, query), caller));
  }

  @Get('crossings')
  @RequireScope('usage:read')
  @ApiDoor({
    name: 'listCrossings',
    tag: 'limits',
    summary: 'Lists the thresholds of limits that were reached, newest first',
    description: 'Each once in a period.',
    path: AccountKeyPath,
    query: PageQuery,
    answers: { 200: CrossingPageAnswer },
    errors: ['not-found'],
  })
  async crossings(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    return toRestCrossings(await this.facts.crossings(fromRestLimitPage(path, query), caller));
  }
}
