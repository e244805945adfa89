import type { PackageDefinition } from '@grpc/proto-loader';
import { invalid } from '../../core/errors';
import { correlationIdOf, type Call } from './grpc-call';
import { grpcFailure, type GrpcFailure } from './grpc-status';
import { toProblem } from './problem';

/** Stands for a message whose bytes could not be read. */
export const UNREADABLE = Object.freeze({ unreadable: true });

interface ServiceMethod {
  requestDeserialize: (bytes: Buffer) => object;
}

/**
 * Makes the services of `contracts` take bytes that are no message of theirs as `UNREADABLE`. The library would answer
 * INTERNAL, as if the fault were ours; our doors answer INVALID_ARGUMENT.
 */
export function takeUnreadable(contracts: PackageDefinition): void {
  const services = Object.values(contracts).filter((definition) => !('format' in definition));
  for (const method of services.flatMap((service) => Object.values(service) as ServiceMethod[])) {
    const read = method.requestDeserialize;
    method.requestDeserialize = (bytes) => {
      try {
        return read(bytes);
      } catch {
        return UNREADABLE;
      }
    };
  }
}

/** What a caller of unreadable bytes is told. */
export function unreadableFailure(call: Call): GrpcFailure {
  return grpcFailure(toProblem(invalid('message', 'is not a message of this rpc')), correlationIdOf(call));
}
