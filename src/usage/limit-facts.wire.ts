import { z } from 'zod';
import type { AccountKey } from '../core/account-key';
import { AccountKeyPath } from '../cost-centers/account-path';
import { type AnswerOf, DecimalText, InstantText, pageAnswer } from '../platform/doors/open-api-answer';
import { type Page, PageQuery } from '../platform/doors/pagination';
import {
  PeriodAnswer,
  periodOf,
  SpendingAnswer,
  spendingOf,
  StandingAnswer,
  toRestStanding,
} from './limit-answer.wire';
import type { AccountLimits, MeterCrossing, MeterOverage } from './limit-facts.service';
import { inUnits } from './limit-notes.service';

export const fromRestLimits = (path: unknown): AccountKey => AccountKeyPath.parse(path).key;
export const fromRestLimitPage = (
  path: unknown,
  query: unknown,
): PageQuery & { readonly account: AccountKey } => ({
  ...PageQuery.parse(query),
  account: fromRestLimits(path),
});

export const AccountLimitsAnswer = z
  .strictObject({
    account: z.string(),
    period: PeriodAnswer,
    meters: z.array(StandingAnswer).meta({ description: 'Every meter with a limit.' }),
    entitlements: z
      .array(
        z.strictObject({
          entitlement: z.string(),
          kind: z.enum(['boolean', 'static']),
          granted: z.boolean(),
          text: z.string().nullable(),
        }),
      )
      .meta({ description: 'What the plan grants and no meter measures.' }),
    spending: SpendingAnswer.nullable().meta({ description: 'Null = the account has no cost centre.' }),
  })
  .meta({ id: 'AccountLimits' });

export function toRestLimits(
  account: AccountKey,
  { period, standings, entitlements, spending }: AccountLimits,
): AnswerOf<typeof AccountLimitsAnswer> {
  return {
    ...{ account, period: periodOf(period), meters: standings.map(toRestStanding) },
    entitlements: [...entitlements].map(([name, value]) => ({
      ...{ entitlement: name, kind: typeof value === 'boolean' ? 'boolean' : 'static' },
      granted: value !== false,
      text: typeof value === 'string' ? value : null,
    })),
    spending: spendingOf(spending),
  };
}

const OverageAnswer = z
  .strictObject({
    event_id: z.string().meta({ format: 'uuid', description: 'The event that went beyond the limit.' }),
    meter: z.string(),
    quantity: DecimalText.meta({ description: 'How much of it lies beyond, in units of the meter.' }),
    limit: DecimalText.meta({ description: 'As it was then.' }),
    period_from: InstantText,
    recorded_at: InstantText,
  })
  .meta({ id: 'LimitOverage' });
export const OveragePageAnswer = pageAnswer(OverageAnswer);

export function toRestOverages({
  items,
  next_cursor,
}: Page<MeterOverage>): AnswerOf<typeof OveragePageAnswer> {
  return {
    items: items.map(({ key, meter, quantity, limit, segmentFrom, recordedAt }) => ({
      ...{ event_id: key, meter: meter.key },
      ...{ quantity: inUnits(quantity, meter), limit: inUnits(limit, meter) },
      ...{ period_from: segmentFrom.toISOString(), recorded_at: recordedAt.toISOString() },
    })),
    next_cursor,
  };
}

const CrossingAnswer = z
  .strictObject({
    meter: z.string(),
    percent: z.int().meta({ description: 'The threshold, in percent of the limit.' }),
    used: DecimalText.meta({ description: 'When it was reached, in units of the meter.' }),
    limit: DecimalText.meta({ description: 'As it was then.' }),
    crossed_at: InstantText,
    period: PeriodAnswer,
  })
  .meta({ id: 'LimitCrossing' });
export const CrossingPageAnswer = pageAnswer(CrossingAnswer);

export function toRestCrossings({
  items,
  next_cursor,
}: Page<MeterCrossing>): AnswerOf<typeof CrossingPageAnswer> {
  return {
    items: items.map(({ meter, percent, used, limit, crossedAt, from, to }) => ({
      ...{ meter: meter.key, percent, used: inUnits(used, meter), limit: inUnits(limit, meter) },
      crossed_at: crossedAt.toISOString(),
      period: periodOf({ from: from.getTime(), to: to.getTime() }),
    })),
    next_cursor,
  };
}
