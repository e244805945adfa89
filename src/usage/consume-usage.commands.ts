import type { AccountKey } from '../core/account-key';
import type { ExceedPolicy } from '../core/allowance';
import type { Stretch } from '../core/contribution';
import type { Properties } from '../core/event';
import type { Quantity } from '../core/quantity';

/** So much of a meter. */
export interface ConsumeItem {
  readonly meter: string;
  readonly quantity: Quantity;
  readonly resource: string | null;
  readonly properties: Properties | null;
}

/** A request to count usage and hear where the account then stands: all items or none. */
export interface ConsumeUsage {
  readonly account: AccountKey;
  readonly source: string;
  readonly id: string;
  readonly items: readonly ConsumeItem[];
}

/** What became of one item. */
export interface ConsumedItem {
  readonly meter: string;
  readonly quantity: Quantity;
  /** The running total after this item, in the period. */
  readonly used: Quantity;
  /** Null = unlimited. */
  readonly limit: Quantity | null;
  readonly onExceed: ExceedPolicy;
  readonly isRefused: boolean;
}

/** `refused` counted nothing; `duplicate` was counted before, and answers what was answered then. */
export interface ConsumeAnswer {
  readonly status: 'recorded' | 'duplicate' | 'refused';
  readonly period: Stretch;
  readonly items: readonly ConsumedItem[];
}
