import { Injectable } from '@nestjs/common';
import {
  status,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';
import { HealthService } from './health.service';

interface Question {
  readonly service: string;
}
interface Answer {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

const question = { requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse', comment: '' };

/** grpc.health.v1 as its specification words it; probes and load balancers know it by these names and numbers. */
const V1 = {
  HealthCheckRequest: { fields: { service: { type: 'string', id: 1 } } },
  HealthCheckResponse: {
    fields: { status: { type: 'ServingStatus', id: 1 } },
    nested: { ServingStatus: { values: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } } },
  },
  Health: { methods: { Check: question, Watch: { ...question, responseStream: true } } },
};

export const HEALTH_PACKAGE = fromJSON(
  { nested: { grpc: { nested: { health: { nested: { v1: { nested: V1 } } } } } } },
  { enums: String, defaults: true },
);

/** A watcher learns of a change within this time; asking is cheap, because the questions of a moment share one answer. */
const WATCH_EVERY_MS = 1_000;

/** Answers grpc.health.v1 with the readiness of this process, for the whole server and for each of its services. */
@Injectable()
export class GrpcHealth {
  constructor(private readonly health: HealthService) {}

  /** Adds the service to a server whose own services are `serviceNames`. */
  addToServer(server: Pick<Server, 'addService'>, serviceNames: readonly string[]): void {
    const known = new Set(['', 'grpc.health.v1.Health', ...serviceNames]);
    server.addService(HEALTH_PACKAGE['grpc.health.v1.Health'] as ServiceDefinition, {
      Check: (call: ServerUnaryCall<Question, Answer>, answer: sendUnaryData<Answer>) => {
        if (known.has(call.request.service)) void this.#status().then((now) => answer(null, { status: now }));
        else answer({ code: status.NOT_FOUND, details: 'There is no such service' });
      },
      Watch: (call: ServerWritableStream<Question, Answer>) => this.#watch(call, known),
    });
  }

  #watch(call: ServerWritableStream<Question, Answer>, known: ReadonlySet<string>): void {
    if (!known.has(call.request.service)) {
      // By the specification the stream stays open, in case the service appears; here it never does.
      call.write({ status: 'SERVICE_UNKNOWN' });
      return;
    }
    let last: Answer['status'] | null = null;
    const tell = async (): Promise<void> => {
      const now = await this.#status();
      if (now !== last && !call.cancelled) call.write({ status: now });
      last = now;
      // An open watch must not hold up the end of the process, so it ends with the last news it has.
      if (this.health.isShuttingDown) call.end();
    };
    const timer = setInterval(() => void tell(), WATCH_EVERY_MS).unref();
    call.on('close', () => clearInterval(timer));
    call.on('cancelled', () => clearInterval(timer));
    call.on('finish', () => clearInterval(timer));
    void tell();
  }

  async #status(): Promise<'SERVING' | 'NOT_SERVING'> {
    const { isReady } = await this.health.state();
    return isReady ? 'SERVING' : 'NOT_SERVING';
  }
}
