import type { AccountKey } from '../core/account-key';
import type { ExceedPolicy } from '../core/allowance';
import type { Stretch } from '../core/contribution';
import type { Properties } from '../core/event';
import type { Quantity } from '../core/quantity';

/** Items that one request may carry. */
export const CONSUME_ITEMS_MAX = 20;

/** Use of one meter, in base units: what an event of the meter would report. */
export interface ConsumeItem {
  /** The key of the meter. */
  readonly meter: string;
  /** Which of the meter's types of event this is; null = the first. */
  readonly type?: string | null;
  readonly quantity: Quantity;
  readonly resource: string | null;
  readonly properties: Properties | null;
}

/** A request to count use if all of it is allowed. The same `(source, id)` again is answered as the first time. */
export interface ConsumeUsage {
  readonly account: AccountKey;
  readonly source: string;
  readonly id: string;
  readonly items: readonly ConsumeItem[];
}

/** How a meter stands after an item; amounts in base units. */
export interface ConsumedItem {
  readonly meter: string;
  readonly quantity: Quantity;
  /** The running total of the period with this item; without it when it was refused. */
  readonly used: Quantity;
  /** Null = unlimited. */
  readonly limit: Quantity | null;
  readonly onExceed: ExceedPolicy;
  /** Whether it was this item that did not fit. */
  readonly isRefused: boolean;
}

export interface ConsumeAnswer {
  /** `refused` counted nothing, and its id may be sent again. */
  readonly status: 'recorded' | 'duplicate' | 'refused';
  /** The period of the account that the use counts in. */
  readonly period: Stretch;
  readonly items: readonly ConsumedItem[];
}
