import type { AccountKey } from '../core/account-key';
import type { Stretch } from '../core/contribution';
import type { Entitlement } from '../core/entitlement';
import type { OnUnavailable } from '../core/meter';
import type { Quantity } from '../core/quantity';
import type { Spending } from '../cost-centers/spending.service';
import type { MeterStanding } from './standing.service';

/** So much more of a meter: what an event would report; of a gauge, usage in units of the meter. */
export interface CheckMeter {
  readonly meter: string;
  /** Which of the meter's types of event it would be; null = the first. */
  readonly type: string | null;
  readonly quantity: Quantity;
}

/** Whatever a plan grants under a name. */
export interface CheckEntitlement {
  readonly entitlement: string;
}

export type CheckItem = CheckMeter | CheckEntitlement;

export interface CheckUsage {
  readonly account: AccountKey;
  readonly items: readonly CheckItem[];
}

export interface CheckedMeter {
  readonly asked: CheckMeter;
  readonly standing: MeterStanding;
  readonly isAllowed: boolean;
}

export interface CheckedEntitlement {
  readonly name: string;
  readonly entitlement: Entitlement;
  /** Of an allowance of a meter. */
  readonly standing: MeterStanding | null;
  readonly isAllowed: boolean;
}

export type CheckedItem = CheckedMeter | CheckedEntitlement;

export interface CheckAnswer {
  readonly status: 'checked';
  readonly isAllowed: boolean;
  readonly period: Stretch;
  readonly items: readonly CheckedItem[];
  /** Null = the account has no cost centre. */
  readonly spending: Spending | null;
}

/** What is answered while Postgres cannot be reached, by the policies of the meters. Nothing is known to be counted. */
export interface UnjudgedAnswer {
  readonly status: 'unavailable';
  readonly applied: OnUnavailable;
}
