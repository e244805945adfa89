import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import type { Principal } from '../platform/auth/principal';
import { RequireScope } from '../platform/auth/require-scope';
import { callOf } from '../platform/doors/grpc-call';
import type { RecordEventsRequest, RecordEventsResponse } from '../generated/metering/v1/metering';
import { answerInOrder } from './event-stream';
import { fromGrpcEvents, toGrpcVerdicts } from './grpc-event.wire';
import { IngestService } from './ingest.service';

/** metering.v1: a batch with verdicts, and a stream of batches at the caller's pace. */
@Controller()
export class EventsGrpcController {
  constructor(private readonly ingest: IngestService) {}

  @GrpcMethod('MeteringService', 'RecordEvents')
  @RequireScope('events:write')
  async recordEvents(
    request: RecordEventsRequest,
    _metadata: unknown,
    call: unknown,
  ): Promise<RecordEventsResponse> {
    return this.#answer(request, callOf([call]).principal!);
  }

  @GrpcStreamCall('MeteringService', 'StreamEvents')
  @RequireScope('events:write')
  async streamEvents(call: ServerDuplexStream<RecordEventsRequest, RecordEventsResponse>): Promise<void> {
    const { principal } = callOf([call]);
    await answerInOrder(call, (request) => this.#answer(request, principal!));
  }

  async #answer(request: RecordEventsRequest, principal: Principal): Promise<RecordEventsResponse> {
    return toGrpcVerdicts(
      await this.ingest.recordEvents(fromGrpcEvents(request), principal),
      request.batchId,
    );
  }
}
