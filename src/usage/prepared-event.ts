import type { Account } from '../core/account';
import type { Placed } from '../core/contribution';
import type { LimitsAt } from './limits-in-force.service';

/** The counter whose running total the sender of an event wants to hear. */
export interface Ask {
  readonly meterId: number;
  /** '' = all dimensions together. */
  readonly dims: string;
}

/** An event ready to be stored: everything resolved, nothing left to check but whether it is new. */
export interface PreparedEvent extends Placed {
  readonly account: Account;
  readonly content: string;
  readonly type: string;
  readonly source: string;
  readonly eventId: string;
  readonly quantity: string | null;
  readonly resource: string | null;
  readonly subject: string | null;
  readonly properties: string | null;
  readonly personal: string | null;
  /** The time the client sent; null when it sent none and `at` is ours. */
  readonly occurredAtSent: number | null;
  readonly revision: string;
  /** Whether its period was over when it came. */
  readonly isLate: boolean;
  /** The limits of its account as far as they are known; taken anew when the event is judged by them. */
  limits: LimitsAt;
  /** Counted whatever the limit says: it happened long ago. */
  readonly isExempt: boolean;
  readonly ask: Ask | null;
}
