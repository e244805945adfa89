import type { AccountKey } from '../core/account-key';
import type { UsageEvent } from '../core/event';
import type { RowVerdict } from './row-verdict';

/** How an account stands with its plan. */
export interface Standing {
  /** Whether it ever agreed to anything. */
  readonly isAny: boolean;
  /** The plan in force, or the one that is to begin; null = none. */
  readonly plan: string | null;
  /** When the plan is to end, in milliseconds since 1970; null = it goes on, or another one follows. */
  readonly endsAt: number | null;
  /** When the running period of the account began. */
  readonly periodStart: number;
}

/** A grant in the words of the door of grants. */
export interface WantedGrant {
  readonly asset: string;
  readonly amount: string;
  readonly kind: 'promotional';
  readonly expires_at: string | null;
  readonly description: string;
}

/** A budget in Waybill's words. */
export interface WantedBudget {
  readonly amount_cents: unknown;
  readonly period: unknown;
  readonly currency: unknown;
  readonly alert_thresholds: unknown;
  readonly hard_throttle: unknown;
}

/** A budget that stands, as the door tells it. */
export interface StandingBudget {
  readonly amount_cents: number;
  readonly period: string;
  readonly alert_thresholds: readonly number[];
  readonly hard_throttle: boolean;
}

/**
 * Where a Waybill moves to: this process's own services, or the REST doors of another one. Everything may be asked again
 * and changes nothing then; what is refused throws as the services do.
 */
export interface WaybillTarget {
  /** Stores events of any age, one verdict each in their order; durable when it returns. */
  record(events: readonly UsageEvent[]): Promise<readonly RowVerdict[]>;
  /** Makes an account with calendar months unless there is one. */
  makeAccount(account: AccountKey): Promise<void>;
  standing(account: AccountKey): Promise<Standing>;
  subscribe(account: AccountKey, wanted: { plan: string; from: number }): Promise<void>;
  endPlan(account: AccountKey, at: number): Promise<void>;
  /** Gives a grant once for each key. */
  give(account: AccountKey, key: string, grant: WantedGrant): Promise<void>;
  budgets(project: string): Promise<readonly StandingBudget[]>;
  makeBudget(project: string, wanted: WantedBudget): Promise<void>;
}
