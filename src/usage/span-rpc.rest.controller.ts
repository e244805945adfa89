import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { CurrentPrincipal } from '../platform/auth/current-principal';
import { type Principal, requireEveryAccount } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { Clock } from '../platform/clock';
import { CONFIG, type Config } from '../platform/config';
import { ApiDoor } from '../platform/doors/open-api-door';
import { NothingAnswer } from '../platform/doors/proto-json';
import { twinOf } from '../platform/doors/rpc-twin';
import { ListUsageService } from './list-usage.service';
import { ReconcileUsageService } from './reconcile-usage.service';
import {
  ListUsageAnswer,
  ListUsageBody,
  ReconcileUsageBody,
  fromRpcListUsage,
  fromRpcReconcileUsage,
  toRestRpcListUsage,
  toRpcListUsage,
} from './span-rpc.wire';

/** The REST twins of the part of usage.v1.UsageService about spans. */
@Controller('api/v1/usage.v1.UsageService')
export class SpanRpcController {
  constructor(
    private readonly usage: ListUsageService,
    private readonly reconciliation: ReconcileUsageService,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'controllerScheduleMs'>,
  ) {}

  @Post('ListUsage')
  @HttpCode(200)
  @RequireScope('usage:read')
  @ApiDoor(
    twinOf('ListUsage', {
      summary: 'Lists what instances of an account used, page by page',
      body: ListUsageBody,
      answer: ListUsageAnswer,
    }),
  )
  async listUsage(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    const command = fromRpcListUsage(ListUsageBody.parse(body ?? {}), this.clock.now());
    const page = await this.usage.list(caller, command);
    return toRestRpcListUsage(toRpcListUsage(page, command, this.config.controllerScheduleMs));
  }

  @Post('ReconcileUsage')
  @HttpCode(200)
  @RequireScope('jobs:run')
  @ApiDoor(
    twinOf('ReconcileUsage', {
      summary: 'Charges what ended and accrues what runs, now',
      description:
        'What was told since the last run is found by itself; the times add what ended between them.',
      body: ReconcileUsageBody,
      answer: NothingAnswer,
    }),
  )
  async reconcileUsage(@CurrentPrincipal() caller: Principal, @Body() body: unknown) {
    const range = fromRpcReconcileUsage(ReconcileUsageBody.parse(body ?? {}));
    requireEveryAccount(caller);
    await this.reconciliation.runAgain(range, { now: this.clock.now(), testClock: null });
    return {};
  }
}
