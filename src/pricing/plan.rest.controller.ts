import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { ListPlans, PlanPath, PutPlanBody } from './plan.commands';
import { PlanService } from './plan.service';
import {
  fromRestListPlans,
  fromRestPlanKey,
  fromRestPutPlan,
  planAfter,
  PlanAnswer,
  PlanPageAnswer,
  PlanVersionPageAnswer,
  toRestPlan,
  toRestPlanPage,
  toRestPlanVersionPage,
  versionBefore,
} from './plan.wire';

const STARTER = {
  name: 'Starter',
  currency: 'USD',
  base_fee: { model: 'flat', amount: '9' },
  prices: { api_requests: { model: 'per_unit', amount: '1', per_quantity: '1000' } },
  allowances: { api_requests: { included: '10000' } },
};

@Controller('api/v1/catalogue/plans')
export class PlanController {
  constructor(private readonly plans: PlanService) {}

  @Get()
  @RequireScope('catalogue:read')
  @ApiDoor({
    name: 'listPlans',
    tag: 'catalogue',
    summary: 'Lists plans with their newest versions',
    description: 'Retired plans are among them.',
    query: ListPlans,
    answers: { 200: PlanPageAnswer },
  })
  async list(@Query() query: unknown) {
    const command = fromRestListPlans(query);
    return toRestPlanPage(await this.plans.list(planAfter(command), command.limit + 1), command.limit);
  }

  @Get(':key')
  @RequireScope('catalogue:read')
  @ApiDoor({
    name: 'getPlan',
    tag: 'catalogue',
    summary: 'Reads a plan with its newest version',
    path: PlanPath,
    answers: { 200: PlanAnswer },
    errors: ['not-found'],
  })
  async get(@Param() path: unknown) {
    return toRestPlan(await this.plans.get(fromRestPlanKey(path)));
  }

  /** Makes a plan, changes its words, or appends a version. */
  @Put(':key')
  @RequireScope('catalogue:write')
  @ApiDoor({
    name: 'putPlan',
    tag: 'catalogue',
    summary: 'Makes a plan, changes its words, or adds a version',
    description:
      'Words (name, description, features, attributes, source, position) change in place; a change of anything priced adds a version, and whoever has an older one keeps it. The same plan again changes nothing. A retired plan is offered again.',
    path: PlanPath,
    body: PutPlanBody.meta({ example: STARTER }),
    answers: { 200: PlanAnswer },
  })
  async put(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    return toRestPlan((await this.plans.put(caller, fromRestPutPlan(path, body))).offered);
  }

  /** Stops offering a plan; it stays in the list. */
  @Delete(':key')
  @HttpCode(204)
  @RequireScope('catalogue:write')
  @ApiDoor({
    name: 'retirePlan',
    tag: 'catalogue',
    summary: 'Stops offering a plan; whoever has it keeps it',
    path: PlanPath,
    answers: { 204: null },
    errors: ['not-found'],
  })
  async retire(@CurrentPrincipal() caller: Principal, @Param() path: unknown): Promise<void> {
    await this.plans.retire(caller, fromRestPlanKey(path));
  }

  @Get(':key/versions')
  @RequireScope('catalogue:read')
  @ApiDoor({
    name: 'listPlanVersions',
    tag: 'catalogue',
    summary: 'Lists every version of a plan, newest first',
    path: PlanPath,
    query: ListPlans,
    answers: { 200: PlanVersionPageAnswer },
    errors: ['not-found'],
  })
  async versions(@Param() path: unknown, @Query() query: unknown) {
    const command = fromRestListPlans(query);
    const page = { before: versionBefore(command), limit: command.limit + 1 };
    return toRestPlanVersionPage(await this.plans.versions(fromRestPlanKey(path), page), command.limit);
  }
}
