import { Controller, Get, Param, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AnswerErrorsAs } from '../platform/doors/route-config';
import { ProjectCostParameters, ServiceCostParameters, ServicePath } from './waybill-cost.commands';
import { WaybillCostService } from './waybill-cost.service';
import {
  fromProjectCostPath,
  fromProjectCostQuery,
  fromServiceCostQuery,
  fromServicePath,
  ProjectCostAnswer,
  ServiceCostAnswer,
  toWaybillCost,
  toWaybillServiceCost,
} from './waybill-cost.wire';
import { ProjectPath } from './waybill-project';

/** Waybill's doors to what projects and services cost, in its words. */
@Controller('api/v1')
export class WaybillCostController {
  constructor(private readonly costs: WaybillCostService) {}

  @Get('projects/:project_id/cost')
  @RequireScope('usage:read')
  @AnswerErrorsAs('waybill', 'failed to get cost')
  @ApiDoor({
    name: 'readProjectCost',
    tag: 'waybill',
    summary: 'Reads what a project costs, by metric, service, environment or day',
    path: ProjectPath,
    query: ProjectCostParameters,
    answers: { 200: ProjectCostAnswer },
  })
  async ofProject(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const { id, account } = fromProjectCostPath(path);
    return toWaybillCost(id, await this.costs.ofProject(caller, account, fromProjectCostQuery(query)));
  }

  @Get('services/:service_id/cost')
  @RequireScope('usage:read')
  @AnswerErrorsAs('waybill', 'failed to get cost')
  @ApiDoor({
    name: 'readServiceCost',
    tag: 'waybill',
    summary: 'Reads what a service costs',
    description:
      'Whatever names the service as its resource, or as `service_id` in its metadata, in the projects the caller may act for. A service that nothing is known of costs nothing.',
    path: ServicePath,
    query: ServiceCostParameters,
    answers: { 200: ServiceCostAnswer },
  })
  async ofService(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Query() query: unknown) {
    const service = fromServicePath(path);
    return toWaybillServiceCost(
      service,
      await this.costs.ofService(caller, service, fromServiceCostQuery(query)),
    );
  }
}
