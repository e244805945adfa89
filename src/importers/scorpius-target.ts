import type { AccountKey } from '../core/account-key';
import type { UsageEvent } from '../core/event';
import type { HistoryOutcome } from '../cost-centers/history-import.service';
import type { StripeCustomer } from '../cost-centers/stripe-customer.service';
import type { RowVerdict } from './row-verdict';

/** A plan with what holds instead of its wording, as canonical JSON; null = nothing. */
export interface WantedPlan {
  readonly plan: string;
  readonly overrides: string | null;
}

/**
 * Where a Scorpius moves to. Everything may be asked again and changes nothing then; `conflict` = somebody here has said
 * otherwise, which stays. What is refused throws as the services do.
 */
export interface ScorpiusTarget {
  /** Makes an account with calendar months unless there is one. Throws `failed-precondition` for one that has other periods. */
  makeAccount(account: AccountKey): Promise<HistoryOutcome>;
  /** Gives the account a plan from now on. */
  agree(account: AccountKey, wanted: WantedPlan): Promise<HistoryOutcome>;
  setOverdue(account: AccountKey, overdue: boolean): Promise<HistoryOutcome>;
  /** `createdAt` null = it is not known. */
  keepCustomer(
    account: AccountKey,
    customer: Pick<StripeCustomer, 'id'> & { createdAt: number | null },
  ): Promise<HistoryOutcome>;
  /** Stores events of any age, one verdict each in their order; durable when it returns. */
  record(events: readonly UsageEvent[]): Promise<readonly RowVerdict[]>;
}
