import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { RequireScope } from '../platform/auth/require-scope';
import { ApiDoor } from '../platform/doors/open-api-door';
import { AnswerErrorsAs } from '../platform/doors/route-config';
import { EstimateService } from './estimate.service';
import { PlanService } from './plan.service';
import {
  EstimateAnswer,
  EstimateRequest,
  fromWaybillEstimate,
  toWaybillEstimate,
  toWaybillPlans,
  WaybillPlansAnswer,
} from './waybill-plan.wire';

const SPECS = { replicas: 2, cpu_millicores: 500, memory_mb: 1024, storage_gb: 10, avg_build_minutes: 5 };

/** Waybill's doors to its plans, in its words; the catalogue itself has doors of its own. */
@Controller('api/v1')
export class WaybillPlanController {
  constructor(
    private readonly plans: PlanService,
    private readonly estimates: EstimateService,
  ) {}

  @Get('plans')
  @RequireScope('catalogue:read')
  @AnswerErrorsAs('waybill', 'failed to list plans')
  @ApiDoor({
    name: 'listWaybillPlans',
    tag: 'waybill',
    summary: 'Lists Waybill’s plans in its words',
    answers: { 200: WaybillPlansAnswer },
  })
  async list() {
    return toWaybillPlans(await this.plans.listActiveOf('waybill'));
  }

  /** What a workload would cost without a plan; writes nothing, so it answers 200. */
  @Post('estimate')
  @HttpCode(200)
  @RequireScope('catalogue:read')
  @AnswerErrorsAs('waybill', 'failed to estimate')
  @ApiDoor({
    name: 'estimateWorkload',
    tag: 'waybill',
    summary: 'Estimates what a workload would cost a month without a plan',
    description: 'At the unit prices of the installation. Writes nothing.',
    body: EstimateRequest.meta({ example: SPECS }),
    answers: { 200: EstimateAnswer },
  })
  estimate(@Body() body: unknown) {
    const specs = fromWaybillEstimate(body);
    return toWaybillEstimate(specs, this.estimates.estimate(specs));
  }
}
