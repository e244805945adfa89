import type { AccountKey } from '../core/account-key';
import type { UsageEvent } from '../core/event';
import type { InstanceEvent } from '../core/workspace-instance';
import type { RowVerdict } from './row-verdict';

/** Where the ids of what an import tells are unique. */
export const GITPOD_SOURCE = 'gitpod';

/** An instance of an account. */
export interface InstanceName {
  readonly account: AccountKey;
  readonly id: string;
}

/** Takes back what an earlier import told; `target` is its id under the source of imports. */
export interface TakenBack {
  readonly account: AccountKey;
  readonly target: string;
  readonly reason: string;
}

/** Where instances go: this process's own services, or the REST doors of another one. */
export interface InstanceTarget {
  /** What stands of each instance, in the order asked: whatever was taken back is not among it. */
  told(instances: readonly InstanceName[]): Promise<readonly (readonly InstanceEvent[])[]>;

  /** Stores events of any age, then takes others back; a verdict each, in their order. Durable when it returns. */
  record(
    events: readonly UsageEvent[],
    takenBack: readonly TakenBack[],
  ): Promise<{ readonly events: readonly RowVerdict[]; readonly takenBack: readonly RowVerdict[] }>;
}
