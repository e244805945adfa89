/** Rounds of the fault tests; the counts of docs/faults.md are reached with FAULT_SCALE=50. */
export function scaled(count: number): number {
  return count * parseInt(process.env.FAULT_SCALE ?? '1', 10);
}
