import { type Quantity, ZERO, quantity, quantityFromDouble } from './quantity';

/** What a deployment asks for; whole numbers, fractions are cut off as the original service did. */
export interface Workload {
  readonly replicas: number;
  readonly cpuMillicores: number;
  readonly memoryMb: number;
}

/**
 * GB-equivalents of a deployment: max(memory in GB, CPU cores) × replicas, one core counting as one GB
 * (vectors W-01 … W-08). Exact: a 1,024th has ten decimal places.
 */
export function gbEquivalents({ replicas, cpuMillicores, memoryMb }: Workload): Quantity {
  const [count, cpu, memory] = [whole(replicas), whole(cpuMillicores), whole(memoryMb)];
  if (count <= 0n) return ZERO;
  const byMemory = (memory * 10n ** 15n) / 1024n;
  const byCpu = cpu * 10n ** 12n;
  return quantity((byMemory > byCpu ? byMemory : byCpu) * count);
}

function whole(value: number): bigint {
  return quantityFromDouble(Math.trunc(value)) / 10n ** 15n;
}
