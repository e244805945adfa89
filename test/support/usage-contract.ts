import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { join, resolve } from 'node:path';
import { LOADER_OPTIONS, PROTO_FILES } from '../../src/generated/proto-loader';
import { leaveOutZeros } from '../../src/platform/doors/grpc-zeros';

const ROOT = join(resolve(__dirname, '..', '..'), 'proto');

/** Every contract of ours as the server loads it. */
export const CONTRACTS = loadSync([...PROTO_FILES], { ...LOADER_OPTIONS, includeDirs: [ROOT] });
leaveOutZeros(CONTRACTS, 'usage.v1');

/** The team that the vectors of usage.v1 speak of. */
export const TEAM = 'team:12345678-1234-1234-1234-123456789abc';

/** One rpc of usage.v1: its path, and what turns its messages into bytes and back. */
export function usageRpc(service: 'UsageService' | 'BillingService', rpc: string) {
  return (CONTRACTS[`usage.v1.${service}`] as ServiceDefinition)[rpc]!;
}
