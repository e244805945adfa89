import { Body, Controller, Get, Headers, Param, Post, Query } from '@nestjs/common';
import { GrantService } from '../ledger/grant.service';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';
import { ApiDoor } from '../platform/doors/open-api-door';
import { PageQuery } from '../platform/doors/pagination';
import { AccountGrantService } from './account-grant.service';
import { AccountPath } from './account.commands';
import { AccountService } from './account.service';
import { GiveGrantBody } from './grant.commands';
import {
  GrantAnswer,
  GrantPageAnswer,
  fromRestGiveGrant,
  fromRestListGrants,
  toRestGrant,
  toRestGrantPage,
} from './grant.wire';

@Controller('api/v1/accounts/:key/grants')
export class GrantController {
  constructor(
    private readonly accounts: AccountService,
    private readonly grants: GrantService,
    private readonly giving: AccountGrantService,
  ) {}

  /** What was given to the account and what is left of it. */
  @Get()
  @RequireScope('ledger:read')
  @ApiDoor({
    name: 'listGrants',
    tag: 'ledger',
    summary: 'Lists the grants of an account, newest first',
    path: AccountPath,
    query: PageQuery,
    answers: { 200: GrantPageAnswer },
    errors: ['not-found'],
  })
  async list(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const page = fromRestListGrants(path, query);
    const account = await this.accounts.getFor(caller, page.account);
    return toRestGrantPage(await this.grants.list(account, page.after, page.limit + 1), page);
  }

  /** Gives the account value to pay its invoices with. */
  @Post()
  @RequireScope('grants:write')
  @ApiDoor({
    name: 'giveGrant',
    tag: 'ledger',
    summary: 'Gives an account value to pay with',
    description:
      'Grants settle invoices after tax. With an `Idempotency-Key`, sending the request again gives nothing again.',
    path: AccountPath,
    headers: IdempotencyHeaders,
    body: GiveGrantBody.meta({ example: { asset: 'USD', amount: '25.00', description: 'Welcome' } }),
    answers: { 201: GrantAnswer },
    errors: ['not-found', 'conflict'],
  })
  async give(
    @CurrentPrincipal() caller: Principal,
    @Param() path: unknown,
    @Body() body: unknown,
    @Headers() headers: unknown,
  ) {
    return toRestGrant(await this.giving.give(caller, fromRestGiveGrant(path, body, headers)));
  }
}
