import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type {
  AddUsageCreditNoteRequest,
  GetBalanceRequest,
  GetCostCenterRequest,
  SetCostCenterRequest,
} from '../generated/usage/v1/usage';
import { RequireScope } from '../platform/auth/require-scope';
import { callOf } from '../platform/doors/grpc-call';
import { UsageRpcService } from './usage-rpc.service';
import { idempotencyKeyOf } from './usage-rpc.wire';
import {
  fromRpcAccount,
  fromRpcCreditNote,
  fromRpcSetCostCenter,
  toRpcBalance,
  toRpcCostCenter,
} from './usage-rpc.wire';

/** The part of usage.v1.UsageService about cost centres and what accounts owe. */
@Controller()
export class UsageRpcGrpcController {
  constructor(private readonly service: UsageRpcService) {}

  @GrpcMethod('UsageService', 'GetCostCenter')
  @RequireScope('cost-centers:read')
  async getCostCenter(request: GetCostCenterRequest, _metadata: unknown, call: unknown) {
    const caller = callOf([call]).principal!;
    return {
      costCenter: toRpcCostCenter(await this.service.getCostCenter(caller, fromRpcAccount(request))),
    };
  }

  @GrpcMethod('UsageService', 'SetCostCenter')
  @RequireScope('cost-centers:write')
  async setCostCenter(request: SetCostCenterRequest, _metadata: unknown, call: unknown) {
    const caller = callOf([call]).principal!;
    return {
      costCenter: toRpcCostCenter(await this.service.setCostCenter(caller, fromRpcSetCostCenter(request))),
    };
  }

  @GrpcMethod('UsageService', 'ResetUsage')
  @RequireScope('jobs:run')
  async resetUsage(_request: unknown, _metadata: unknown, call: unknown) {
    await this.service.resetUsage(callOf([call]).principal!);
    return {};
  }

  @GrpcMethod('UsageService', 'GetBalance')
  @RequireScope('ledger:read')
  async getBalance(request: GetBalanceRequest, _metadata: unknown, call: unknown) {
    const caller = callOf([call]).principal!;
    return toRpcBalance(await this.service.getBalance(caller, fromRpcAccount(request)));
  }

  @GrpcMethod('UsageService', 'AddUsageCreditNote')
  @RequireScope('grants:write')
  async addUsageCreditNote(request: AddUsageCreditNoteRequest, _metadata: unknown, call: unknown) {
    const { principal, metadata } = callOf([call]);
    const note = fromRpcCreditNote(request, idempotencyKeyOf({ 'idempotency-key': textOf(metadata) }));
    await this.service.addUsageCreditNote(principal!, note);
    return {};
  }
}

function textOf(metadata: { get(name: string): readonly unknown[] }): string | undefined {
  const [value] = metadata.get('idempotency-key');
  return typeof value === 'string' ? value : undefined;
}
