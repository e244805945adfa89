import { Counter, Histogram, type MetricValueWithName } from 'prom-client';
import type { DoorTimer } from './metrics-door-histogram';
import { histogramSamples, Tally, type Labels, type Samples } from './metrics-tally';

/** One rpc as a contract has it. */
export interface Rpc {
  /** Such as `/usage.v1.UsageService/GetBalance`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** Buckets in seconds, as the original's dashboards have them. */
const BOUNDS = [0.005, 0.025, 0.05, 0.1, 0.5, 1, 2.5, 5, 30, 60, 120, 240, 600];

/** Status codes by number, as Go writes them. */
const CODES = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists'],
  ...['PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange'],
  ...['Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
];
const UNKNOWN = 2;

const LABELS = ['grpc_type', 'grpc_service', 'grpc_method'];

/** Plain counters of one rpc, read when somebody scrapes. */
export class RpcCounts implements DoorTimer {
  started = 0;
  readonly handled = new Array<number>(CODES.length).fill(0);
  readonly tally = new Tally(BOUNDS);
  #received = 0;
  #sent = 0;

  constructor(readonly rpc: Rpc) {}

  /** A call has come in. */
  start(): void {
    this.started += 1;
  }

  /** A message of a streaming caller has come in. */
  receive(): void {
    this.#received += 1;
  }

  /** A message of a stream has gone out. */
  send(): void {
    this.#sent += 1;
  }

  observe(code: number, seconds: number): void {
    this.handled[code in this.handled ? code : UNKNOWN]! += 1;
    this.tally.observe(seconds);
  }

  /** Who does not stream sends one message with the call, and is sent one with its success. */
  received(): number {
    return this.rpc.requestStream ? this.#received : this.started;
  }

  sent(): number {
    return this.rpc.responseStream ? this.#sent : this.handled[0]!;
  }

  labels(): Labels {
    const [, grpc_service = '', grpc_method = ''] = this.rpc.path.split('/');
    return { grpc_type: typeOf(this.rpc), grpc_service, grpc_method };
  }
}

function typeOf({ requestStream, responseStream }: Rpc): string {
  if (requestStream) return responseStream ? 'bidi_stream' : 'client_stream';
  return responseStream ? 'server_stream' : 'unary';
}

/**
 * `grpc_server_*`, the names under which Go's services count their rpcs and Gitpod's dashboards look for ours. The histogram
 * of seconds holds the counts, the counters read them.
 */
export class RpcHistogram extends Histogram<string> {
  static readonly NAME = 'grpc_server_handling_seconds';
  private readonly rpcs = new Map<string, RpcCounts>();
  private readonly description = { name: RpcHistogram.NAME, help: 'Seconds a call took, by rpc' };

  constructor() {
    super({
      name: RpcHistogram.NAME,
      help: 'Seconds a call took, by rpc',
      labelNames: LABELS,
      buckets: BOUNDS,
    });
    this.#counter('grpc_server_started_total', 'Calls that came in', ({ started }) => started);
    this.#counter('grpc_server_msg_received_total', 'Messages that came in', (rpc) => rpc.received());
    this.#counter('grpc_server_msg_sent_total', 'Messages that went out', (rpc) => rpc.sent());
    const help = 'Calls that ended, by status code';
    const all = (): Iterable<RpcCounts> => this.rpcs.values();
    new Counter({
      ...{ name: 'grpc_server_handled_total', help, labelNames: [...LABELS, 'grpc_code'] },
      collect(this: Counter) {
        this.reset();
        for (const rpc of all()) {
          for (const [code, count] of rpc.handled.entries())
            if (count > 0) this.inc({ ...rpc.labels(), grpc_code: CODES[code]! }, count);
        }
      },
    });
  }

  /** The counts of one rpc; the same ones for the same path. */
  rpc(rpc: Rpc): RpcCounts {
    const counts = this.rpcs.get(rpc.path) ?? new RpcCounts(rpc);
    this.rpcs.set(rpc.path, counts);
    return counts;
  }

  override get(): Promise<Samples> {
    const { name } = this.description;
    const values = [...this.rpcs.values()].flatMap((rpc): MetricValueWithName<string>[] =>
      rpc.tally.samples(name, rpc.labels()),
    );
    return Promise.resolve(histogramSamples(this.description, values));
  }

  /** What the registry asks when it writes the text format. */
  getForPromString(): Promise<Samples> {
    return this.get();
  }

  #counter(name: string, help: string, read: (rpc: RpcCounts) => number): void {
    const all = (): Iterable<RpcCounts> => this.rpcs.values();
    new Counter({
      ...{ name, help, labelNames: LABELS },
      collect(this: Counter) {
        this.reset();
        for (const rpc of all()) this.inc(rpc.labels(), read(rpc));
      },
    });
  }
}
