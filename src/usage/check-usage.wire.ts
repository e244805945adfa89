import { z } from 'zod';
import { formatQuantity } from '../core/quantity';
import { type AnswerOf, InstantText } from '../platform/doors/open-api-answer';
import type { CheckedItem, CheckUsage } from './check-usage.commands';
import {
  AppliedAnswer,
  appliedOf,
  MeterItemAnswer,
  PeriodAnswer,
  periodOf,
  refusalReason,
  SpendingAnswer,
  spendingOf,
  spendingReason,
  StandingAnswer,
  standingOf,
  toRestStanding,
  WITHOUT_DATABASE,
} from './limit-answer.wire';
import { CheckBody } from './limit-request.commands';
import type { CheckDecision } from './usage-decision.service';

export const fromRestCheck = (body: unknown): CheckUsage => CheckBody.parse(body);

const EntitlementItemAnswer = z
  .strictObject({
    entitlement: z.string(),
    kind: z.enum(['boolean', 'static', 'metered', 'none']),
    granted: z.boolean().meta({ description: 'Whether the plan grants it.' }),
    allowed: z.boolean().meta({ description: 'Of an allowance: granted, and something is left of it.' }),
    text: z.string().nullable().meta({ description: 'What a static one says.' }),
    metered: StandingAnswer.nullable(),
  })
  .meta({ id: 'EntitlementDecision' });

const CheckedItemAnswer = z.union([MeterItemAnswer, EntitlementItemAnswer]);

export const CheckUsageAnswer = z
  .strictObject({
    allowed: z.boolean(),
    counted: z.literal(false).meta({ description: 'A check counts nothing.' }),
    reason: z.string().nullable().meta({ description: 'Why not.' }),
    period: PeriodAnswer.nullable(),
    items: z.array(CheckedItemAnswer),
    spending: SpendingAnswer.nullable().meta({ description: 'Null = the account has no cost centre.' }),
    applied: AppliedAnswer.nullable(),
    as_of: InstantText.nullable().meta({
      description:
        'While the database cannot be reached: from when the totals are, which copies in Redis remember. Null = they are of now, or not remembered.',
    }),
  })
  .meta({ id: 'CheckAnswer' });
export type CheckUsageAnswer = AnswerOf<typeof CheckUsageAnswer>;

function toRestItem(item: CheckedItem): AnswerOf<typeof CheckedItemAnswer> {
  if ('asked' in item) {
    const { asked, standing, isAllowed } = item;
    const own = { meter: asked.meter, quantity: formatQuantity(asked.quantity), allowed: isAllowed };
    return { ...own, ...standingOf(standing.meter, standing) };
  }
  const { name, entitlement, standing, isAllowed } = item;
  const { kind } = entitlement;
  return {
    ...{ entitlement: name, kind, allowed: isAllowed },
    granted: kind === 'boolean' ? entitlement.granted : kind !== 'none',
    text: kind === 'static' ? entitlement.text : null,
    metered: standing && toRestStanding(standing),
  };
}

export function toRestCheck(decision: CheckDecision): CheckUsageAnswer {
  if (decision.status === 'unavailable') {
    const applied = appliedOf(decision.applied);
    const { remembered } = decision;
    return {
      ...{ allowed: decision.applied === 'open', counted: false, reason: WITHOUT_DATABASE, applied },
      period: remembered && periodOf(remembered.period),
      items: remembered?.items.map(toRestItem) ?? [],
      spending: null,
      as_of: remembered?.asOf.toISOString() ?? null,
    };
  }
  const items = decision.items.map(toRestItem);
  const { spending, period, isAllowed } = decision;
  const spent = spending?.isReached ? spendingReason(spending) : null;
  return {
    ...{ allowed: isAllowed, counted: false, reason: reasonOf(items) ?? spent, period: periodOf(period) },
    ...{ items, spending: spendingOf(spending), applied: null, as_of: null },
  };
}

function reasonOf(items: readonly AnswerOf<typeof CheckedItemAnswer>[]): string | null {
  for (const item of items) {
    if (item.allowed) continue;
    if ('entitlement' in item) return `${item.entitlement} is not granted, or nothing is left of it`;
    return refusalReason([item]);
  }
  return null;
}
