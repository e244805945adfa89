import type { Account } from '../core/account';
import type { Stretch } from '../core/contribution';
import type { InvoiceKind } from '../core/invoice';
import type { Ratio } from '../core/ratio';
import type { TermsVersion } from '../core/terms';
import type { BillingState } from './billing-state.repository';

/** An invoice to be computed. */
export interface InvoiceClaim {
  readonly account: Account;
  readonly kind: InvoiceKind;
  readonly period: Stretch;
  /** Now, for the account. */
  readonly now: number;
  /** What it agreed to, and perhaps what it is thinking of agreeing to. */
  readonly versions: readonly TermsVersion[];
  readonly state: BillingState | null;
  /** Earlier periods to be rated again. */
  readonly stale: ReadonlySet<number>;
  /** Of a preview: as if so much more of these meters, in their units, were used. */
  readonly moreUsage?: ReadonlyMap<string, Ratio>;
}
