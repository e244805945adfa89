import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AnswerErrorsAs } from '../platform/doors/route-config';
import { ProjectPath } from '../usage/waybill-project';
import { BudgetPath } from './budget.commands';
import { BudgetService } from './budget.service';
import {
  AlertsAnswer,
  BudgetAnswer,
  BudgetChange,
  BudgetsAnswer,
  fromBudgetPath,
  fromBudgetsPath,
  fromChangeBudget,
  fromCreateBudget,
  NewBudget,
  ThrottlesAnswer,
  toWaybillAlerts,
  toWaybillBudget,
  toWaybillBudgets,
  toWaybillThrottles,
} from './budget.wire';

/** Waybill's doors to the budgets of a project, in its words. */
@Controller('api/v1/projects/:project_id')
export class BudgetController {
  constructor(private readonly budgets: BudgetService) {}

  @Get('budgets')
  @RequireScope('budgets:read')
  @AnswerErrorsAs('waybill', 'failed to list budgets')
  @ApiDoor({
    name: 'listBudgets',
    tag: 'waybill',
    summary: 'Lists the budgets of a project, the newest first',
    path: ProjectPath,
    answers: { 200: BudgetsAnswer },
  })
  async list(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    const { id, account } = fromBudgetsPath(path);
    return toWaybillBudgets(id, await this.budgets.list(caller, account));
  }

  @Post('budgets')
  @RequireScope('budgets:write')
  @AnswerErrorsAs('waybill', 'failed to create budget')
  @ApiDoor({
    name: 'createBudget',
    tag: 'waybill',
    summary: 'Makes a budget: one for each kind of period',
    description:
      'When so many percent are spent, an alert is sent, once in each period. From 100 percent on a project may be throttled until the budget is raised or deleted, or its next period begins.',
    path: ProjectPath,
    body: NewBudget.meta({ example: { amount_cents: 50_000, period: 'monthly' } }),
    answers: { 201: BudgetAnswer },
    errors: ['conflict', 'not-found'],
  })
  async create(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const { id, account } = fromBudgetsPath(path);
    return toWaybillBudget(id, await this.budgets.create(caller, account, fromCreateBudget(body)));
  }

  @Patch('budgets/:budget_id')
  @RequireScope('budgets:write')
  @AnswerErrorsAs('waybill', 'failed to update budget')
  @ApiDoor({
    name: 'changeBudget',
    tag: 'waybill',
    summary: 'Changes what is given of a budget',
    description: 'Given nothing, it is read. A throttle that is due no more is lifted at once.',
    path: BudgetPath,
    body: BudgetChange.meta({ example: { amount_cents: 75_000 } }),
    answers: { 200: BudgetAnswer },
    errors: ['not-found'],
  })
  async change(@CurrentPrincipal() caller: Principal, @Param() path: unknown, @Body() body: unknown) {
    const { project, name } = fromBudgetPath(path);
    return toWaybillBudget(project.id, await this.budgets.change(caller, name, fromChangeBudget(body)));
  }

  @Delete('budgets/:budget_id')
  @HttpCode(204)
  @RequireScope('budgets:write')
  @AnswerErrorsAs('waybill', 'failed to delete budget')
  @ApiDoor({
    name: 'deleteBudget',
    tag: 'waybill',
    summary: 'Deletes a budget and lifts its throttle; its alerts stay',
    path: BudgetPath,
    answers: { 204: null },
    errors: ['not-found'],
  })
  async remove(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    await this.budgets.remove(caller, fromBudgetPath(path).name);
  }

  @Get('budgets/alerts')
  @RequireScope('budgets:read')
  @AnswerErrorsAs('waybill', 'failed to list alerts')
  @ApiDoor({
    name: 'listBudgetAlerts',
    tag: 'waybill',
    summary: 'Lists the latest thirty alerts of a project',
    path: ProjectPath,
    answers: { 200: AlertsAnswer },
  })
  async alerts(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    const { id, account } = fromBudgetsPath(path);
    return toWaybillAlerts(id, await this.budgets.alerts(caller, account));
  }

  @Get('throttles')
  @RequireScope('budgets:read')
  @AnswerErrorsAs('waybill', 'failed to list throttles')
  @ApiDoor({
    name: 'listThrottles',
    tag: 'waybill',
    summary: 'Lists the throttles of a project that are in force',
    description: 'Whoever deploys or builds asks here; production is never throttled.',
    path: ProjectPath,
    answers: { 200: ThrottlesAnswer },
  })
  async throttles(@CurrentPrincipal() caller: Principal, @Param() path: unknown) {
    const { id, account } = fromBudgetsPath(path);
    return toWaybillThrottles(id, await this.budgets.throttles(caller, account));
  }
}
