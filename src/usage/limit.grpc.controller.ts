import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type {
  CheckRequest,
  CheckResponse,
  CommitRequest,
  CommitResponse,
  ConsumeRequest,
  ConsumeResponse,
  ReleaseRequest,
  ReleaseResponse,
  ReserveRequest,
  ReserveResponse,
} from '../generated/metering/v1/metering';
import { RequireScope } from '../platform/auth/require-scope';
import { callOf } from '../platform/doors/grpc-call';
import { Ids } from '../platform/ids';
import { toRestCheck } from './check-usage.wire';
import { toRestConsume } from './consume-usage.wire';
import {
  fromGrpcCheck,
  fromGrpcCommit,
  fromGrpcConsume,
  fromGrpcKey,
  fromGrpcRelease,
  fromGrpcReserve,
  toGrpcCheck,
  toGrpcConsume,
  toGrpcReservation,
} from './grpc-limit.wire';
import { toRestReservation } from './reservation.wire';
import { type Asking, type ReserveDecision, UsageDecisions } from './usage-decision.service';

const askingOf = (call: unknown): Asking => ({ principal: callOf([call]).principal!, door: 'grpc' });

/** metering.v1: may I, count it, hold it. */
@Controller()
export class LimitGrpcController {
  constructor(
    private readonly decisions: UsageDecisions,
    private readonly ids: Ids,
  ) {}

  @GrpcMethod('MeteringService', 'Check')
  @RequireScope('usage:read')
  async check(request: CheckRequest, _metadata: unknown, call: unknown): Promise<CheckResponse> {
    return toGrpcCheck(toRestCheck(await this.decisions.check(fromGrpcCheck(request), askingOf(call))));
  }

  @GrpcMethod('MeteringService', 'Consume')
  @RequireScope('events:write')
  async consume(request: ConsumeRequest, _metadata: unknown, call: unknown): Promise<ConsumeResponse> {
    const id = fromGrpcKey(request.idempotencyKey) ?? this.ids.uuidv7();
    const decision = await this.decisions.consume(fromGrpcConsume(request, id), askingOf(call));
    return toGrpcConsume(toRestConsume(id, decision, await this.decisions.metersOf(decision)));
  }

  @GrpcMethod('MeteringService', 'Reserve')
  @RequireScope('events:write')
  async reserve(request: ReserveRequest, _metadata: unknown, call: unknown): Promise<ReserveResponse> {
    const id = fromGrpcKey(request.idempotencyKey) ?? this.ids.uuidv7();
    return this.#told(await this.decisions.reserve(fromGrpcReserve(request, id), askingOf(call)));
  }

  @GrpcMethod('MeteringService', 'Commit')
  @RequireScope('events:write')
  async commit(request: CommitRequest, _metadata: unknown, call: unknown): Promise<CommitResponse> {
    return this.#told(await this.decisions.commit(fromGrpcCommit(request), askingOf(call)));
  }

  @GrpcMethod('MeteringService', 'Release')
  @RequireScope('events:write')
  async release(request: ReleaseRequest, _metadata: unknown, call: unknown): Promise<ReleaseResponse> {
    return this.#told(await this.decisions.release(fromGrpcRelease(request), askingOf(call)));
  }

  async #told(decision: ReserveDecision): Promise<ReserveResponse> {
    return toGrpcReservation(toRestReservation(decision, await this.decisions.metersOf(decision)));
  }
}
