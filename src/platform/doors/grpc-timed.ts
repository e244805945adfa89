import { Metadata } from '@grpc/grpc-js';
import { overSince } from '../call-life';
import type { DoorTimer } from '../metrics-door-histogram';
import type { RpcCounts } from '../metrics-grpc-server';
import { correlationIdOf, type Call } from './grpc-call';
import { grpcFailure } from './grpc-status';
import { UNREADABLE, unreadableFailure } from './grpc-unreadable';
import { toProblem } from './problem';

const OK = 0;
const CANCELLED = 1;
const UNKNOWN = 2;

export type Handler = (call: ServerCall, callback: Callback) => unknown;
export type Callback = (error: unknown, message?: unknown, trailer?: Metadata) => void;

export interface ServerCall extends Call {
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

/** What counts the calls of one rpc: under our name, and under those of Go's services. */
interface Counting {
  readonly timer: DoorTimer;
  readonly counts: RpcCounts;
}

/** Counts and times each call, and refuses one that cannot be read or that nobody waits for any more. */
export function timedUnary(handler: Handler, counting: Counting): Handler {
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

/** The same for calls whose answer is a stream, which ends at the first message that cannot be read. */
export function timedStream(handler: Handler, counting: Counting): Handler {
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
