import type { AccountKey } from '../core/account-key';
import type { Stretch } from '../core/contribution';
import type { Quantity } from '../core/quantity';
import type { ConsumedItem, ConsumeUsage } from './consume-usage.commands';

/** How long a reservation may hold what it holds, in milliseconds. */
export const RESERVATION_MS = { least: 1_000, most: 86_400_000, usual: 60_000 } as const;

/** A request to hold use until it is committed or released. The same `(source, id)` again is the same reservation. */
export interface ReserveUsage extends ConsumeUsage {
  readonly expiresInMs: number;
}

export interface ReservationRef {
  readonly account: AccountKey;
  /** The uuid it was answered with. */
  readonly id: string;
}

/** Counts what was used of a reservation and gives the rest back. */
export interface CommitReservation extends ReservationRef {
  /** What was really used, per item and in their order, in base units; null = all that was asked for. */
  readonly quantities: readonly Quantity[] | null;
}

export type ReservationState = 'open' | 'committed' | 'released' | 'expired';

/** How a meter stood when it was decided about an item; amounts in base units. */
export interface ReservedTotals extends Pick<ConsumedItem, 'used' | 'limit' | 'onExceed'> {
  /** What all open reservations hold of the meter, this one included. */
  readonly reserved: Quantity;
}

export interface ReservedItem extends Pick<ConsumedItem, 'meter' | 'quantity' | 'isRefused'> {
  /** Null where nothing was decided just now: totals move on. */
  readonly totals: ReservedTotals | null;
}

export interface ReservationAnswer {
  /** Null = refused: nothing is held. */
  readonly id: string | null;
  readonly state: ReservationState | 'refused';
  readonly expiresAt: Date;
  /** The period that it counts in, whenever it is committed. */
  readonly period: Stretch;
  readonly items: readonly ReservedItem[];
}
