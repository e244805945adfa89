import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, register, type Metric } from 'prom-client';
import { DomainError, ERRORS } from '../core/errors';
import { DoorHistogram, type DoorTimer } from './metrics-door-histogram';
import { RpcHistogram, type Rpc, type RpcCounts } from './metrics-grpc-server';
import { LOG_LINES, logLinesCounter } from './metrics-logs';
import { packageVersion } from './package-root';
import { Database } from './transaction';

/**
 * The metric of that name, made on first use. Several applications of one process (tests, a bench) share the library's
 * one registry, and making a metric twice is an error there.
 */
export function once<M extends Metric>(name: string, make: () => M): M {
  return (register.getSingleMetric(name) as M | undefined) ?? make();
}

export interface MetricName {
  /** In snake case with its unit, and `tallyhouse_` in front. */
  readonly name: `tallyhouse_${string}`;
  readonly help: string;
}

/**
 * How any module offers a metric: make it once when its service is constructed, keep it in a private field, and on a hot
 * path call only `observe(number)` or `inc()` without labels. A gauge reads its value when somebody scrapes.
 */
export function histogram({ name, help }: MetricName, buckets: readonly number[]): Histogram {
  return once(name, () => new Histogram({ name, help, buckets: [...buckets] }));
}

/** A count that only grows. */
export function counter<L extends string = never>(
  { name, help }: MetricName,
  labelNames: L[] = [],
): Counter<L> {
  return once(name, () => new Counter({ name, help, labelNames }));
}

/** A value that is read at each scrape; of several applications in one process the newest is asked. */
export function gauge({ name, help }: MetricName, read: () => number): void {
  register.removeSingleMetric(name);
  new Gauge({
    name,
    help,
    collect(this: Gauge) {
      this.set(read());
    },
  });
}

/** Rate, errors and duration of every door. */
@Injectable()
export class DoorMetrics {
  readonly #http = once(
    'tallyhouse_http_request_seconds',
    () =>
      new DoorHistogram({
        name: 'tallyhouse_http_request_seconds',
        help: 'Answers of the HTTP doors by method, route template and status',
        labelNames: ['method', 'route'],
      }),
  );
  readonly #grpc = once(
    'tallyhouse_grpc_request_seconds',
    () =>
      new DoorHistogram({
        name: 'tallyhouse_grpc_request_seconds',
        help: 'Answers of the gRPC doors by rpc and status; a stream is one answer',
        labelNames: ['rpc'],
      }),
  );

  readonly #rpcs = once(RpcHistogram.NAME, () => new RpcHistogram());

  /** The timer of one method of one route template. */
  http(method: string, route: string): DoorTimer {
    return this.#http.door({ method, route });
  }

  /** The timer of one rpc, under our name; its counts under the names of Go's services are `rpc`. */
  grpc(path: string): DoorTimer {
    return this.#grpc.door({ rpc: path });
  }

  /** The counts of one rpc as `grpc_server_*`. */
  rpc(rpc: Rpc): RpcCounts {
    return this.#rpcs.rpc(rpc);
  }

  /**
   * Runs what the original calls over its own gRPC port and counts it as a call of that unary rpc: alerts on failures of
   * ReconcileUsage look there for what its job did. What `work` throws is thrown on.
   */
  async countAsCall<R>(path: string, work: () => Promise<R>): Promise<R> {
    const counts = this.rpc({ path, requestStream: false, responseStream: false });
    const startedMs = performance.now();
    const ended = (code: number): void => counts.observe(code, (performance.now() - startedMs) / 1000);
    counts.start();
    try {
      const result = await work();
      ended(0);
      return result;
    } catch (error) {
      ended(error instanceof DomainError ? ERRORS[error.code].grpc : ERRORS.internal.grpc);
      throw error;
    }
  }
}

/** What the original tells of every process of its. */
@Injectable()
export class ProcessMetrics {
  constructor() {
    once(LOG_LINES, logLinesCounter);
    const name = 'gitpod_server_version';
    const version = once(
      name,
      () => new Gauge({ name, help: 'Always 1; its label is what is running', labelNames: ['version'] }),
    );
    version.set({ version: packageVersion() }, 1);
  }
}

/** How busy the connections to Postgres are. */
@Injectable()
export class PoolMetrics {
  constructor(database: Database) {
    const help = 'Connections of the pool to Postgres';
    gauge({ name: 'tallyhouse_pool_connections', help }, () => database.load().total);
    gauge(
      { name: 'tallyhouse_pool_idle_connections', help: `${help} without work` },
      () => database.load().idle,
    );
    gauge(
      { name: 'tallyhouse_pool_waiting_requests', help: 'Requests waiting for a connection to Postgres' },
      () => database.load().waiting,
    );
  }
}
