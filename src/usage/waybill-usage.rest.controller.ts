import { Controller, Get, Param, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AnswerErrorsAs } from '../platform/doors/route-config';
import { ProjectPath } from './waybill-project';
import { HistoryParameters } from './waybill-usage.commands';
import { WaybillUsageService } from './waybill-usage.service';
import {
  fromHistoryQuery,
  fromProjectPath,
  toWaybillHistory,
  toWaybillSummary,
  UsageHistory,
  UsageSummary,
} from './waybill-usage.wire';

/** Waybill's doors to what a project used, in its words. */
@Controller('api/v1/projects/:project_id/usage')
export class WaybillUsageController {
  constructor(private readonly usage: WaybillUsageService) {}

  @Get('current')
  @RequireScope('usage:read')
  @AnswerErrorsAs('waybill', 'failed to get usage')
  @ApiDoor({
    name: 'readProjectUsage',
    tag: 'waybill',
    summary: 'Reads what a project used and what it costs, this month so far',
    description: 'A project that nothing is known of used nothing.',
    path: ProjectPath,
    answers: { 200: UsageSummary },
  })
  async current(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    const project = fromProjectPath(path);
    return toWaybillSummary(project.id, await this.usage.current(caller, project.account));
  }

  @Get('history')
  @RequireScope('usage:read')
  @AnswerErrorsAs('waybill', 'failed to get usage history')
  @ApiDoor({
    name: 'readProjectUsageHistory',
    tag: 'waybill',
    summary: 'Reads what a project used and what it costs, month by month',
    path: ProjectPath,
    query: HistoryParameters,
    answers: { 200: UsageHistory },
  })
  async history(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const project = fromProjectPath(path);
    const { months } = fromHistoryQuery(query);
    return toWaybillHistory(project.id, await this.usage.history(caller, project.account, months));
  }
}
