import type { Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { ServerGrpc, type GrpcOptions } from '@nestjs/microservices';
import type { GrpcMethodStreamingType } from '@nestjs/microservices/decorators';
import { isObservable } from 'rxjs';
import { whileCalled } from '../call-life';
import { HEALTH_PACKAGE, type GrpcHealth } from '../health-grpc';
import type { DoorMetrics } from '../metrics';
import { type Callback, type Handler, type ServerCall, timedStream, timedUnary } from './grpc-timed';
import { takeUnreadable } from './grpc-unreadable';
import { leaveOutZeros } from './grpc-zeros';

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** What one connection may hold, and when a silent one is let go. A client may ping as often as it likes, also without a call. */
const CONNECTION_LIMITS = {
  'grpc.max_concurrent_streams': 1_000,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.max_connection_idle_ms': 30 * 60_000,
};

/** What is asked of the caller: where to listen, the contracts, and credentials when not plain text. */
export type GrpcServerOptions = Pick<
  GrpcOptions['options'],
  'url' | 'package' | 'packageDefinition' | 'protoPath' | 'loader' | 'credentials'
> & {
  /** What reflection shows, as google.protobuf.FileDescriptorProto in base64; left out: what the loader made of it. */
  readonly descriptors?: readonly string[];
  /** Packages whose messages are written without the fields that hold zero, byte for byte as protoc writes them. */
  readonly withoutZeros?: readonly string[];
  /** Packages whose unary calls stop their work when nobody waits for it any more. */
  readonly endsWithCaller?: readonly string[];
};

export interface GrpcServerParts {
  readonly metrics: DoorMetrics;
  readonly health: GrpcHealth;
}

interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/**
 * The gRPC server of the service: Nest's own, with limits, health checking, reflection, and every call counted under its
 * rpc. Counting stands around Nest's handlers instead of in an interceptor, which would add an observable to each call.
 * Use as `app.connectMicroservice({ strategy }, { inheritAppConfig: true })`.
 */
export class GrpcServer extends ServerGrpc {
  readonly #metrics: DoorMetrics;
  readonly #endsWithCaller: readonly string[];
  readonly #open = new Set<string>();
  readonly #served = new Set<string>();

  constructor(
    { descriptors, withoutZeros = [], endsWithCaller = [], ...options }: GrpcServerOptions,
    { metrics, health }: GrpcServerParts,
  ) {
    super({
      ...options,
      maxReceiveMessageLength: MAX_MESSAGE_BYTES,
      maxSendMessageLength: MAX_MESSAGE_BYTES,
      channelOptions: CONNECTION_LIMITS,
      gracefulShutdown: true,
      onLoadPackageDefinition: (contracts: PackageDefinition, server: Server) => {
        for (const name of withoutZeros) leaveOutZeros(contracts, name);
        takeUnreadable(contracts);
        const collector = this.#openServicesOf(server);
        health.addToServer(collector, serviceNames(contracts));
        const shown = descriptors === undefined ? contracts : describedBy(descriptors);
        new ReflectionService({ ...shown, ...HEALTH_PACKAGE }).addToServer(collector);
      },
    });
    this.#metrics = metrics;
    this.#endsWithCaller = endsWithCaller;
  }

  /** Paths of the rpcs anybody may call: health and reflection. Empty before the server listens. */
  get openRpcs(): readonly string[] {
    return [...this.#open];
  }

  /** Paths of the rpcs that controllers answer. Empty before the server listens. */
  get servedRpcs(): readonly string[] {
    return [...this.#served];
  }

  /** This server, for whoever holds only Nest's microservice: `app.getMicroservices()[n].unwrap<GrpcServer>()`. */
  override unwrap<T>(): T {
    return this as unknown as T;
  }

  /** Cuts off what does not end by itself; harmless when nothing is left. */
  forceShutdown(): void {
    (this.grpcClient as Server | null)?.forceShutdown();
  }

  override createServiceMethod(
    methodHandler: (...args: unknown[]) => unknown,
    protoNativeHandler: Method,
    streamType: GrpcMethodStreamingType,
  ): Handler {
    const { path, requestStream, responseStream } = protoNativeHandler;
    const isStopped = this.#endsWithCaller.some((name) => path.startsWith(`/${name}.`));
    const isUnary = !requestStream && !responseStream;
    const work = isStopped && isUnary ? endingWithCaller(methodHandler) : methodHandler;
    const handler = super.createServiceMethod(work, protoNativeHandler, streamType) as Handler;
    this.#served.add(path);
    const counting = {
      timer: this.#metrics.grpc(path),
      counts: this.#metrics.rpc({ path, requestStream, responseStream }),
    };
    return responseStream ? timedStream(handler, counting) : timedUnary(handler, counting);
  }

  /**
   * Nest's own copies the call and wraps the answer in an observable for hooks that nobody here uses: a tenth of a call. An
   * observable is left only where Nest itself answers with one, as its error filters do.
   */
  override createUnaryServiceMethod(methodHandler: (...args: unknown[]) => unknown): Handler {
    return (call, callback) => answer(methodHandler(call.request, call.metadata, call), callback);
  }

  /** The server for services that anybody may call. */
  #openServicesOf(server: Server): Pick<Server, 'addService'> {
    return {
      addService: (definition, implementation) => {
        for (const { path } of Object.values(definition)) this.#open.add(path);
        server.addService(definition, implementation);
      },
    };
  }
}

/** Files as reflection takes them, which looks at nothing else of a definition. */
function describedBy(descriptors: readonly string[]): PackageDefinition {
  const fileDescriptorProtos = descriptors.map((text) => Buffer.from(text, 'base64'));
  return {
    contracts: { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos } as never,
  };
}

function serviceNames(contracts: PackageDefinition): string[] {
  return Object.entries(contracts)
    .filter(([, definition]) => !('format' in definition))
    .map(([name]) => name);
}

async function answer(result: unknown, callback: Callback): Promise<void> {
  const answered = await result;
  if (isObservable(answered))
    answered.subscribe({ next: (message) => callback(null, message), error: (error) => callback(error) });
  else callback(null, answered);
}

/** Of (request, metadata, call), guards included: whoever waits for them waits for the call. */
function endingWithCaller(work: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  return (...args) => whileCalled(args[2] as ServerCall, () => work(...args));
}
