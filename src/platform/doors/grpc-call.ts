import type { Metadata } from '@grpc/grpc-js';
import type { Principal } from '../auth/principal';
import { correlationId } from './correlation';

/** The part of a gRPC call, unary or streamed, that the doors' common code needs. */
export interface Call {
  readonly metadata: Metadata;
  /** The caller has gone, or its deadline has passed. */
  readonly cancelled: boolean;
  getPeer(): string;
  getDeadline(): Date | number;
  sendMetadata(metadata: Metadata): void;
  /** Put here by the guard. */
  principal?: Principal;
  /** Put here by whoever first needs a name for this call. */
  correlationId?: string;
}

/**
 * The call among a handler's arguments: Nest passes (request, metadata, call), or (call, …) to handlers that take the
 * stream as it is.
 */
export function callOf(args: readonly unknown[]): Call {
  const call = args.find(isCall);
  if (call === undefined) throw new Error('a gRPC handler was called without a call');
  return call;
}

/** The id of the call in logs and in its trailers: the caller's own when it is safe to repeat. */
export function correlationIdOf(call: Call): string {
  call.correlationId ??= correlationId(call.metadata.get('x-request-id')[0]);
  return call.correlationId;
}

function isCall(candidate: unknown): candidate is Call {
  return (
    typeof candidate === 'object' && candidate !== null && 'getPeer' in candidate && 'metadata' in candidate
  );
}
