import { invalid } from '../core/errors';
import type { Timestamp } from '../generated/google/protobuf/timestamp';
import {
  type CheckItem,
  type CheckRequest,
  type CheckResponse,
  type CommitRequest,
  type ConsumeRequest,
  type ConsumeResponse,
  ConsumeStatus,
  type EntitlementDecision,
  EntitlementKind,
  type MeterDecision,
  OnUnavailable,
  type Period,
  type ReleaseRequest,
  type Reservation,
  ReservationState,
  type ReserveRequest,
  type Spending,
  type UsageItem,
} from '../generated/metering/v1/metering';
import { timestampOf as secondsAndNanos } from '../platform/doors/proto-json';
import type { CheckUsage } from './check-usage.commands';
import { type CheckUsageAnswer, fromRestCheck } from './check-usage.wire';
import type { ConsumeUsage } from './consume-usage.commands';
import { type ConsumeUsageAnswer, fromRestConsume } from './consume-usage.wire';
import { structOf } from './grpc-event.wire';
import type { MeterItemAnswer } from './limit-answer.wire';
import type { CommitReservation, ReservationRef, ReserveUsage } from './reservation.commands';
import {
  fromRestCommit,
  fromRestReservation,
  fromRestReserve,
  type ReservationDecisionAnswer,
} from './reservation.wire';

/** The doors of limits over gRPC are the REST doors in other words: one schema judges both. */

/** What proto3 sends for a field that was left out is left out. */
const text = (value: string): string | undefined => (value === '' ? undefined : value);

function checkItemOf({ meter, quantity, type, entitlement }: CheckItem): object {
  const asked = { meter: text(meter), quantity: quantity ?? undefined, type: text(type) };
  return without({ ...asked, entitlement: text(entitlement) });
}

function itemOf({ meter, quantity, type, resource, properties }: UsageItem): object {
  return without({
    ...{ meter, quantity: quantity ?? undefined, type: text(type), resource: text(resource) },
    properties: properties === null ? undefined : structOf(properties, 1),
  });
}

/** A union of shapes tells them apart by what is there, not by what is undefined. */
function without(fields: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Undefined = none was sent. Throws `invalid-argument` for what no header could say. */
export function fromGrpcKey(key: string): string | undefined {
  if (key === '') return undefined;
  if (!/^[ -~]{1,255}$/.test(key)) {
    throw invalid('idempotency_key', 'must be 1 to 255 printable ASCII characters');
  }
  return key;
}

export function fromGrpcCheck({ account, items }: CheckRequest): CheckUsage {
  return fromRestCheck({ account, items: items.map(checkItemOf) });
}

export function fromGrpcConsume({ account, items }: ConsumeRequest, id: string): ConsumeUsage {
  return fromRestConsume({ account, items: items.map(itemOf) }, id);
}

export function fromGrpcReserve(request: ReserveRequest, id: string): ReserveUsage {
  const { account, items, expiresInSeconds } = request;
  const seconds = expiresInSeconds === 0 ? {} : { expires_in_seconds: expiresInSeconds };
  return fromRestReserve({ account, items: items.map(itemOf), ...seconds }, id);
}

export function fromGrpcCommit({ account, id, quantities }: CommitRequest): CommitReservation {
  return fromRestCommit({ key: account, id }, quantities.length === 0 ? {} : { quantities });
}

export const fromGrpcRelease = ({ account, id }: ReleaseRequest): ReservationRef =>
  fromRestReservation({ key: account, id });

const timestampOf = (instant: string): Timestamp => secondsAndNanos(new Date(instant));

const periodOf = (period: { from: string; to: string } | null): Period | null =>
  period && { from: timestampOf(period.from), to: timestampOf(period.to) };

const spendingOf = (spending: CheckUsageAnswer['spending']): Spending | null =>
  spending && {
    ...{ asset: spending.asset, limit: spending.limit, owed: spending.owed },
    isReached: spending.is_reached,
  };

function policyOf(applied: CheckUsageAnswer['applied']): OnUnavailable {
  if (applied === null) return OnUnavailable.ON_UNAVAILABLE_UNSPECIFIED;
  return applied.on_unavailable === 'open'
    ? OnUnavailable.ON_UNAVAILABLE_OPEN
    : OnUnavailable.ON_UNAVAILABLE_CLOSED;
}

function decisionOf(item: Omit<MeterItemAnswer, 'quantity'> & { quantity?: string }): MeterDecision {
  const { meter, quantity = '', allowed, used, reserved, limit, remaining, on_exceed: onExceed } = item;
  return { meter, quantity, allowed, used, reserved, limit, remaining, onExceed: onExceed ?? '' };
}

const KINDS: Record<'none' | 'boolean' | 'static' | 'metered', EntitlementKind> = {
  none: EntitlementKind.ENTITLEMENT_KIND_NONE,
  boolean: EntitlementKind.ENTITLEMENT_KIND_BOOLEAN,
  static: EntitlementKind.ENTITLEMENT_KIND_STATIC,
  metered: EntitlementKind.ENTITLEMENT_KIND_METERED,
};

type EntitlementItem = Extract<CheckUsageAnswer['items'][number], { readonly entitlement: string }>;

function entitlementOf(item: EntitlementItem): EntitlementDecision {
  const { entitlement, kind, granted, allowed, text: words, metered } = item;
  const standing = metered && decisionOf({ ...metered, allowed });
  return { entitlement, kind: KINDS[kind], granted, allowed, text: words ?? '', metered: standing };
}

export function toGrpcCheck(answer: CheckUsageAnswer): CheckResponse {
  const { allowed, reason, period, spending, applied } = answer;
  // What is only remembered has no place in the contract, which says no instant it is of.
  const items = applied === null ? answer.items : [];
  return {
    ...{ allowed, reason: reason ?? '', period: periodOf(period), spending: spendingOf(spending) },
    items: items.map((item) =>
      'entitlement' in item
        ? { meter: null, entitlement: entitlementOf(item) }
        : { meter: decisionOf(item), entitlement: null },
    ),
    onUnavailable: policyOf(applied),
  };
}

const STATUSES: Record<ConsumeUsageAnswer['status'], ConsumeStatus> = {
  recorded: ConsumeStatus.CONSUME_STATUS_RECORDED,
  duplicate: ConsumeStatus.CONSUME_STATUS_DUPLICATE,
  refused: ConsumeStatus.CONSUME_STATUS_REFUSED,
  unavailable: ConsumeStatus.CONSUME_STATUS_UNAVAILABLE,
};

export function toGrpcConsume(answer: ConsumeUsageAnswer): ConsumeResponse {
  const { id, status, allowed, counted, reason, period, items, spending, applied } = answer;
  return {
    ...{ id, status: STATUSES[status], allowed, counted, reason: reason ?? '' },
    ...{ period: periodOf(period), items: items.map(decisionOf), spending: spendingOf(spending) },
    onUnavailable: policyOf(applied),
  };
}

const STATES: Record<ReservationDecisionAnswer['state'], ReservationState> = {
  open: ReservationState.RESERVATION_STATE_OPEN,
  committed: ReservationState.RESERVATION_STATE_COMMITTED,
  released: ReservationState.RESERVATION_STATE_RELEASED,
  expired: ReservationState.RESERVATION_STATE_EXPIRED,
  refused: ReservationState.RESERVATION_STATE_REFUSED,
  unavailable: ReservationState.RESERVATION_STATE_UNAVAILABLE,
};

export function toGrpcReservation(answer: ReservationDecisionAnswer): { reservation: Reservation } {
  const { id, state, allowed, reason, expires_at: expiresAt, period, items, spending, applied } = answer;
  return {
    reservation: {
      ...{ id: id ?? '', state: STATES[state], allowed, reason: reason ?? '' },
      ...{ expiresAt: expiresAt === null ? null : timestampOf(expiresAt), period: periodOf(period) },
      ...{ items: items.map(decisionOf), spending: spendingOf(spending) },
      onUnavailable: policyOf(applied),
    },
  };
}
