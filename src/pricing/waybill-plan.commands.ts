import { z } from 'zod';
import type { WorkloadSpecs } from '../core/estimate';

/** Beyond these a sum could leave the doubles of the wire. */
const MAGNITUDE_MAX = 1_000_000_000_000_000;

const Whole = z.int().min(-MAGNITUDE_MAX).max(MAGNITUDE_MAX).nullish();
const Real = z.number().min(-MAGNITUDE_MAX).max(MAGNITUDE_MAX).nullish();

/** The body of `POST /api/v1/estimate`; what is missing is 0, and fields it does not know are ignored, as its clients are used to. */
export const EstimateBody = z.object({
  replicas: Whole,
  cpu_millicores: Whole,
  memory_mb: Whole,
  storage_gb: Real,
  avg_build_minutes: Real,
});

export const EstimateWorkload = EstimateBody.transform((body): WorkloadSpecs => ({
  replicas: body.replicas ?? 0,
  cpuMillicores: body.cpu_millicores ?? 0,
  memoryMb: body.memory_mb ?? 0,
  storageGb: body.storage_gb ?? 0,
  averageBuildMinutes: body.avg_build_minutes ?? 0,
}));
