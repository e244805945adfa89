import { Metadata, type Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { ServerGrpc, type GrpcOptions } from '@nestjs/microservices';
import type { GrpcMethodStreamingType } from '@nestjs/microservices/decorators';
import { isObservable } from 'rxjs';
import type { DoorTimer } from '../metrics-door-histogram';
import type { RpcCounts } from '../metrics-grpc-server';
import { correlationIdOf, type Call } from './grpc-call';
import { takeUnreadable, UNREADABLE, unreadableFailure } from './grpc-unreadable';
import { grpcFailure } from './grpc-status';
import { leaveOutZeros } from './grpc-zeros';
import { HEALTH_PACKAGE, type GrpcHealth } from '../health-grpc';
import { overSince, whileCalled } from '../call-life';
import type { DoorMetrics } from '../metrics';
import { toProblem } from './problem';

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const OK = 0;
const CANCELLED = 1;
const UNKNOWN = 2;

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

type Handler = (call: ServerCall, callback: Callback) => unknown;
type Callback = (error: unknown, message?: unknown, trailer?: Metadata) => void;

interface ServerCall extends Call {
  /** Absent where the caller streams. */
  readonly request?: unknown;
  /** Where a streaming caller's messages come in. */
  push?(message: unknown): boolean;
  /** Where the answer is a stream. */
  write?(message: unknown, ...rest: unknown[]): boolean;
  emit(event: 'error', error: unknown): void;
  once(event: 'finish' | 'cancelled' | 'error', listener: (error?: unknown) => void): void;
  off(event: 'cancelled', listener: () => void): void;
}

interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** What counts the calls of one rpc: under our name, and under those of Go's services. */
interface Counting {
  readonly timer: DoorTimer;
  readonly counts: RpcCounts;
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

function timedUnary(handler: Handler, counting: Counting): Handler {
  const { counts } = counting;
  return (call, callback) => {
    const startedMs = performance.now();
    counts.start();
    const answer: Callback = (error, message) => {
      observe(counting, error ? codeOf(error) : OK, startedMs);
      if (error || call.metadata.get('x-request-id').length === 0) callback(error, message);
      else callback(null, message, idTrailer(call));
    };
    if (call.request === UNREADABLE) return answer(unreadableFailure(call));
    const over = overSince(call);
    if (over !== null) return answer(grpcFailure(toProblem(over), correlationIdOf(call)));
    return settled(handler(call, answer), answer);
  };
}

function timedStream(handler: Handler, counting: Counting): Handler {
  const { counts } = counting;
  return (call, callback) => {
    const startedMs = performance.now();
    let isOver = false;
    counts.start();
    const over = (code: number): void => {
      if (!isOver) observe(counting, code, startedMs);
      isOver = true;
    };
    call.once('finish', () => over(OK));
    call.once('cancelled', () => over(CANCELLED));
    call.once('error', (error) => over(codeOf(error)));
    if (call.request === UNREADABLE) return call.emit('error', unreadableFailure(call));
    watchMessages(call, counts);
    return settled(handler(call, callback), (error) => call.emit('error', error));
  };
}

/**
 * Gives a caller back the id he sent. A failure carries an id in any case; for a success nobody asked to name, trailers of its
 * own would cost the call several per cent.
 */
function idTrailer(call: Call): Metadata {
  const trailer = new Metadata();
  trailer.set('x-request-id', correlationIdOf(call));
  return trailer;
}

function observe({ timer, counts }: Counting, code: number, startedMs: number): void {
  const seconds = (performance.now() - startedMs) / 1000;
  timer.observe(code, seconds);
  counts.observe(code, seconds);
}

/** Counts the messages of a stream, and ends it at the first unreadable one, before the handler sees it. */
function watchMessages(call: ServerCall, counts: RpcCounts): void {
  const write = call.write?.bind(call);
  if (write !== undefined) {
    call.write = (message, ...rest) => {
      counts.send();
      return write(message, ...rest);
    };
  }
  const push = call.push?.bind(call);
  if (push === undefined) return;
  call.push = (message) => {
    if (message !== UNREADABLE) {
      if (message !== null) counts.receive();
      return push(message);
    }
    call.emit('error', unreadableFailure(call));
    return false;
  };
}

/**
 * Nest lets the promise of a handler that takes the stream as it is reject, as when the guard refuses its caller, and nobody
 * would hear it: one such call would end the process.
 */
function settled(outcome: unknown, fail: (error: unknown) => void): unknown {
  return outcome instanceof Promise ? outcome.catch(fail) : outcome;
}

function codeOf(error: unknown): number {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : UNKNOWN;
}
