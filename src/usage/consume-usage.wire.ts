import { z } from 'zod';
import type { Meter } from '../core/meter';
import type { AnswerOf } from '../platform/doors/open-api-answer';
import type { ConsumeUsage } from './consume-usage.commands';
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
import { ConsumeBody } from './limit-request.commands';
import type { ConsumeDecision } from './usage-decision.service';

/** What the events of this door name as their source. */
const SOURCE = 'consume';

/** Not named by `Idempotency-Key`, a request is a new one each time: `newId` names it. */
export function fromRestConsume(body: unknown, id: string): ConsumeUsage {
  return { ...ConsumeBody.parse(body), source: SOURCE, id };
}

export const ConsumeUsageAnswer = z
  .strictObject({
    id: z.string().meta({
      description: 'The idempotency key; the same again is answered as now. A refused one may be sent again.',
    }),
    status: z.enum(['recorded', 'duplicate', 'refused', 'unavailable']).meta({
      description:
        '`recorded` is durable, `duplicate` was so before, `refused` counted nothing; `unavailable` could not be judged.',
    }),
    allowed: z.boolean(),
    counted: z.boolean().meta({
      description:
        'After `unavailable` it may have been counted all the same: the same key sent again tells.',
    }),
    reason: z.string().nullable().meta({ description: 'Why not.' }),
    period: PeriodAnswer.nullable(),
    items: z.array(MeterItemAnswer).meta({
      description:
        'In the order of the request; `remaining` is the limit less what is used, reservations left out.',
    }),
    spending: SpendingAnswer.nullable().meta({ description: 'Where the spending limit refused.' }),
    applied: AppliedAnswer.nullable(),
  })
  .meta({ id: 'ConsumeAnswer' });
export type ConsumeUsageAnswer = AnswerOf<typeof ConsumeUsageAnswer>;

export function toRestConsume(
  id: string,
  decision: ConsumeDecision,
  meters: ReadonlyMap<string, Meter>,
): ConsumeUsageAnswer {
  const { status } = decision;
  if (decision.status === 'unavailable') {
    return {
      ...{ id, status: 'unavailable', allowed: decision.applied === 'open', counted: false },
      ...{ reason: WITHOUT_DATABASE, period: null, items: [], spending: null },
      applied: appliedOf(decision.applied),
    };
  }
  const { spending = null, period } = decision;
  const items = decision.items.map(({ meter, quantity, isRefused, ...totals }) =>
    itemOf({ meter, quantity, isRefused, totals }, meters),
  );
  const isCounted = status !== 'refused';
  return {
    ...{ id, status, allowed: isCounted, counted: isCounted, period: periodOf(period), items },
    reason: spending ? spendingReason(spending) : refusalReason(items),
    ...{ spending: spendingOf(spending), applied: null },
  };
}
