import { Body, Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AccountPath } from './account.commands';
import { fromRestAccountKey } from './account.wire';
import { CancelSubscription } from './subscription.commands';
import { PutSubscription } from './subscription-offer';
import { SubscriptionService } from './subscription.service';
import {
  SubscriptionAnswer,
  TermsAnswer,
  fromRestCancelSubscription,
  fromRestPutSubscription,
  toRestSubscription,
  toRestTerms,
} from './subscription.wire';

@Controller('api/v1/accounts/:key')
export class SubscriptionController {
  constructor(private readonly subscriptions: SubscriptionService) {}

  @Get('subscription')
  @RequireScope('accounts:read')
  @ApiDoor({
    name: 'getSubscription',
    tag: 'accounts',
    summary: 'Reads which plan an account has and what follows it',
    path: AccountPath,
    answers: { 200: SubscriptionAnswer },
    errors: ['not-found'],
  })
  async get(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestSubscription(await this.subscriptions.read(caller, fromRestAccountKey(path)));
  }

  /** Gives the account a plan, or another one. */
  @Put('subscription')
  @RequireScope('accounts:write')
  @ApiDoor({
    name: 'putSubscription',
    tag: 'accounts',
    summary: 'Gives an account a plan, or another one',
    description:
      'From an instant on. Usage stays; fees, included amounts and tier bounds are shared by time where a plan changes within a period. The same again changes nothing, and takes a planned end back.',
    path: AccountPath,
    body: PutSubscription.meta({ example: { plan: 'pro', effective: 'now' } }),
    answers: { 200: SubscriptionAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async put(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const wanted = fromRestPutSubscription(body);
    return toRestSubscription(await this.subscriptions.put(caller, fromRestAccountKey(path), wanted));
  }

  /** Ends the plan; answers how the subscription then stands. */
  @Delete('subscription')
  @RequireScope('accounts:write')
  @ApiDoor({
    name: 'cancelSubscription',
    tag: 'accounts',
    summary: 'Ends the plan of an account, by default with its period',
    path: AccountPath,
    query: CancelSubscription,
    answers: { 200: SubscriptionAnswer },
    errors: ['not-found', 'failed-precondition'],
  })
  async cancel(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const command = fromRestCancelSubscription(query);
    return toRestSubscription(await this.subscriptions.cancel(caller, fromRestAccountKey(path), command));
  }

  @Get('terms')
  @RequireScope('accounts:read')
  @ApiDoor({
    name: 'listTerms',
    tag: 'accounts',
    summary: 'Lists everything an account agreed to, version by version',
    path: AccountPath,
    answers: { 200: TermsAnswer },
    errors: ['not-found'],
  })
  async history(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestTerms(await this.subscriptions.history(caller, fromRestAccountKey(path)));
  }
}
