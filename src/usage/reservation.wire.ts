import { z } from 'zod';
import type { Meter } from '../core/meter';
import { type AnswerOf, InstantText } from '../platform/doors/open-api-answer';
import {
  AppliedAnswer,
  appliedOf,
  itemOf,
  MeterItemAnswer,
  PeriodAnswer,
  periodOf,
  refusalReason,
  SpendingAnswer,
  spendingOf,
  spendingReason,
  WITHOUT_DATABASE,
} from './limit-answer.wire';
import { CommitBody, ReservationPath, ReserveBody } from './limit-request.commands';
import type { CommitReservation, ReservationRef, ReserveUsage } from './reservation.commands';
import type { ReserveDecision } from './usage-decision.service';

const SOURCE = 'reserve';

export function fromRestReserve(body: unknown, id: string): ReserveUsage {
  return { ...ReserveBody.parse(body), source: SOURCE, id };
}
export const fromRestReservation = (path: unknown): ReservationRef => ReservationPath.parse(path);
/** Without a body everything that was reserved is committed. */
export function fromRestCommit(path: unknown, body: unknown): CommitReservation {
  return { ...ReservationPath.parse(path), ...CommitBody.parse(body ?? {}) };
}

export const ReservationDecisionAnswer = z
  .strictObject({
    id: z
      .string()
      .nullable()
      .meta({ format: 'uuid', description: 'What it is committed or released by; null = nothing is held.' }),
    state: z.enum(['open', 'committed', 'released', 'expired', 'refused', 'unavailable']).meta({
      description:
        '`open` holds what it says, `committed` was counted; of a commit, `refused` leaves it as it was.',
    }),
    allowed: z.boolean(),
    reason: z.string().nullable().meta({ description: 'Why not.' }),
    expires_at: InstantText.nullable().meta({ description: 'From then on it holds nothing.' }),
    period: PeriodAnswer.nullable().meta({ description: 'What it counts in, whenever it is committed.' }),
    items: z.array(MeterItemAnswer).meta({
      description: 'Totals as they were when this was decided; null where nothing was decided just now.',
    }),
    spending: SpendingAnswer.nullable().meta({ description: 'Where the spending limit refused.' }),
    applied: AppliedAnswer.nullable(),
  })
  .meta({ id: 'ReservationAnswer' });
export type ReservationDecisionAnswer = AnswerOf<typeof ReservationDecisionAnswer>;

export function toRestReservation(
  decision: ReserveDecision,
  meters: ReadonlyMap<string, Meter>,
): ReservationDecisionAnswer {
  if (decision.state === 'unavailable') {
    return {
      ...{ id: null, state: 'unavailable', allowed: false, reason: WITHOUT_DATABASE },
      ...{ expires_at: null, period: null, items: [], spending: null },
      applied: appliedOf(decision.applied),
    };
  }
  const { id, state, expiresAt, period, spending = null } = decision;
  const items = decision.items.map((item) => itemOf(item, meters));
  return {
    ...{ id, state, allowed: state === 'open' || state === 'committed' },
    reason: spending ? spendingReason(spending) : refusalReason(items),
    ...{ expires_at: expiresAt.toISOString(), period: periodOf(period), items },
    ...{ spending: spendingOf(spending), applied: null },
  };
}
