import { DomainError, invalid } from '../core/errors';
import type { Properties } from '../core/event';
import { formatQuantity, parseQuantity, type Quantity, ZERO } from '../core/quantity';
import { keyedId } from '../platform/keyed-id';
import type { Asked } from './consume-preparation.service';
import type { ConsumeAnswer, ConsumeItem } from './consume-usage.commands';
import type { ReservationAnswer } from './reservation.commands';
import type { StoredCount, StoredItem, StoredReservation } from './reservation.repository';

/** Between a reservation as it is stored and as it is spoken of. */

/** The id of the reservation that a request made, or will make. */
export function reservationId(source: string, id: string): string {
  return keyedId('reservation', source, id);
}

export function storedItems(asked: readonly Asked[]): StoredItem[] {
  return asked.map(({ item: { meter, type = null, quantity, resource, properties } }) => ({
    ...{ meter, type, resource, properties },
    quantity: formatQuantity(quantity),
  }));
}

/** The items with what was really used of them. Throws `invalid-argument` unless there is one quantity for each. */
export function askedAgain(
  { asked }: StoredReservation,
  quantities: readonly Quantity[] | null,
): ConsumeItem[] {
  if (quantities !== null && quantities.length !== asked.length) {
    throw invalid('quantities', `must be ${asked.length}, one for each item of the reservation`);
  }
  return asked.map(({ meter, type, quantity, resource, properties }, i) => ({
    ...{ meter, type, resource, properties: properties as Properties | null },
    quantity: quantities === null ? parseQuantity(quantity) : quantities[i]!,
  }));
}

export function countsOf({ items }: ConsumeAnswer): StoredCount[] {
  return items.map(({ quantity, used, limit, onExceed }) => ({
    quantity: formatQuantity(quantity),
    onExceed,
    used: formatQuantity(used),
    limit: limit === null ? null : formatQuantity(limit),
  }));
}

/** One that holds something, or did; it says no totals, because they have moved on. */
export function openAnswer(reservation: StoredReservation, now: Date): ReservationAnswer {
  const { id, state, expiresAt, segment, asked } = reservation;
  const isLapsed = state === 'open' && expiresAt <= now;
  return {
    ...{ id, expiresAt, period: segment },
    state: isLapsed ? 'expired' : state,
    items: asked.map(({ meter, quantity }) => ({
      ...{ meter, quantity: parseQuantity(quantity), isRefused: false, totals: null },
    })),
  };
}

/** What a request is answered with that was sent before. Throws `conflict` when it was another one. */
export function againAnswer(reservation: StoredReservation, content: string, now: Date): ReservationAnswer {
  if (reservation.content !== content) {
    throw new DomainError('conflict', 'The id is taken by a reservation of other content');
  }
  return reservation.state === 'committed'
    ? committedAnswer(reservation, null)
    : openAnswer(reservation, now);
}

/** What its commit was answered with. Throws `conflict` when `items` says other quantities than were committed. */
export function committedAnswer(
  { id, expiresAt, segment, asked, counted }: StoredReservation,
  items: readonly ConsumeItem[] | null,
): ReservationAnswer {
  const counts = counted ?? [];
  if (items?.some(({ quantity }, i) => quantity !== parseQuantity(counts[i]!.quantity))) {
    throw new DomainError('conflict', `Reservation ${id} was committed with other quantities`);
  }
  return {
    ...{ id, state: 'committed', expiresAt, period: segment },
    items: counts.map(({ quantity, used, limit, onExceed }, i) => ({
      ...{ meter: asked[i]!.meter, quantity: parseQuantity(quantity), isRefused: false },
      totals: {
        ...{ used: parseQuantity(used), reserved: ZERO, onExceed },
        limit: limit === null ? null : parseQuantity(limit),
      },
    })),
  };
}

/** What a commit is answered with that was decided just now. */
export function committedAs(
  { id, expiresAt, segment }: StoredReservation,
  { status, items }: ConsumeAnswer,
): ReservationAnswer {
  const state = status === 'refused' ? 'refused' : 'committed';
  return {
    ...{ id, state, expiresAt, period: segment },
    items: items.map(({ meter, quantity: amount, isRefused, used, limit, onExceed }) => ({
      ...{ meter, quantity: amount, isRefused },
      totals: { used, limit, onExceed, reserved: ZERO },
    })),
  };
}
