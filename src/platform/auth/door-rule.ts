import type { Scope } from './scope';

/** What a door asks of its caller. A door without such a rule lets nobody in. */
export interface DoorRule {
  /** The one scope needed; null for a public door. */
  readonly scope: Scope | null;
  /** Whether the platform's internal key opens this door too. */
  readonly internalKey: boolean;
}

export const PUBLIC_DOOR: DoorRule = { scope: null, internalKey: false };
