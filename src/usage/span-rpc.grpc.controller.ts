import { Inject, Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { ListUsageRequest, ListUsageResponse, ReconcileUsageRequest } from '../generated/usage/v1/usage';
import { requireEveryAccount } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { Clock } from '../platform/clock';
import { CONFIG, type Config } from '../platform/config';
import { callOf } from '../platform/doors/grpc-call';
import { ListUsageService } from './list-usage.service';
import { ReconcileUsageService } from './reconcile-usage.service';
import { fromRpcListUsage, fromRpcReconcileUsage, toRpcListUsage } from './span-rpc.wire';

/** The part of usage.v1.UsageService about spans. */
@Controller()
export class SpanRpcGrpcController {
  constructor(
    private readonly usage: ListUsageService,
    private readonly reconciliation: ReconcileUsageService,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'controllerScheduleMs'>,
  ) {}

  @GrpcMethod('UsageService', 'ListUsage')
  @RequireScope('usage:read')
  async listUsage(request: ListUsageRequest, _metadata: unknown, call: unknown): Promise<ListUsageResponse> {
    const command = fromRpcListUsage(request, this.clock.now());
    const page = await this.usage.list(callOf([call]).principal!, command);
    return toRpcListUsage(page, command, this.config.controllerScheduleMs);
  }

  @GrpcMethod('UsageService', 'ReconcileUsage')
  @RequireScope('jobs:run')
  async reconcileUsage(request: ReconcileUsageRequest, _metadata: unknown, call: unknown) {
    const range = fromRpcReconcileUsage(request);
    requireEveryAccount(callOf([call]).principal!);
    await this.reconciliation.runAgain(range, { now: this.clock.now(), testClock: null });
    return {};
  }
}
