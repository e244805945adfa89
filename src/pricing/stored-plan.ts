import type { ListedPlan, PlanChange } from '../core/plan-change';
import type { PlanVersion } from '../core/plan';

/** A plan version as it is stored; nothing about it ever changes. */
export interface StoredPlanVersion extends PlanVersion {
  readonly id: number;
  readonly createdAt: Date;
}

/** A plan of the catalogue with the version that whoever takes it now agrees to. */
export interface OfferedPlan extends ListedPlan {
  readonly latest: StoredPlanVersion;
}

/** What putting a plan did, and what stands under its key since. */
export interface PutPlanResult {
  readonly offered: OfferedPlan;
  readonly change: PlanChange;
}
