import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { PageQuery } from '../platform/doors/pagination';
import { AccountPath } from './account.commands';
import { AccountService } from './account.service';
import { fromRestAccountKey } from './account.wire';
import { PutCostCenterBody } from './cost-center.commands';
import { CostCenterService } from './cost-center.service';
import {
  CostCenterAnswer,
  CostCenterPageAnswer,
  fromRestListVersions,
  fromRestPutCostCenter,
  toRestCostCenter,
  toRestCostCenterPage,
} from './cost-center.wire';
import { UsageRpcService } from './usage-rpc.service';

@Controller('api/v1/accounts/:key/cost-center')
export class CostCenterController {
  constructor(
    private readonly service: UsageRpcService,
    private readonly costCenters: CostCenterService,
    private readonly accounts: AccountService,
  ) {}

  /** Who bills the account and what it may spend. */
  @Get()
  @RequireScope('cost-centers:read')
  @ApiDoor({
    name: 'getCostCenter',
    tag: 'cost-centers',
    summary: 'Reads a cost centre, making it when there is none and renewing it when its cycle is over',
    path: AccountPath,
    answers: { 200: CostCenterAnswer },
  })
  async get(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    return toRestCostCenter(await this.service.getCostCenter(caller, fromRestAccountKey(path)));
  }

  /** Changes who bills and what may be spent. */
  @Put()
  @RequireScope('cost-centers:write')
  @ApiDoor({
    name: 'putCostCenter',
    tag: 'cost-centers',
    summary: 'Says who bills an account and what it may spend',
    description:
      'With `version`, only when that is the one in force. From `other` to `stripe` the debt is settled and a cycle ' +
      'begins; from `stripe` to `other` the limit of before comes back, whatever is asked for.',
    path: AccountPath,
    body: PutCostCenterBody.meta({ example: { strategy: 'other', spending_limit: 1000 } }),
    answers: { 200: CostCenterAnswer },
    errors: ['failed-precondition'],
  })
  async put(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    return toRestCostCenter(await this.service.setCostCenter(caller, fromRestPutCostCenter(path, body)));
  }

  /** Everything the cost centre ever said. */
  @Get('versions')
  @RequireScope('cost-centers:read')
  @ApiDoor({
    name: 'listCostCenterVersions',
    tag: 'cost-centers',
    summary: 'Lists the versions of a cost centre, newest first',
    path: AccountPath,
    query: PageQuery,
    answers: { 200: CostCenterPageAnswer },
    errors: ['not-found'],
  })
  async versions(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const account = await this.accounts.getFor(caller, fromRestAccountKey(path));
    const page = fromRestListVersions(query);
    const versions = await this.costCenters.history(account, { ...page, limit: page.limit + 1 });
    return toRestCostCenterPage(versions, page.limit);
  }
}
