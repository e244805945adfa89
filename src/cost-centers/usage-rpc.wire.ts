import { z } from 'zod';
import { parseAttributionId } from '../core/attribution-id';
import type { AccountKey } from '../core/account-key';
import { SPENDING_LIMIT_MAX } from '../core/cost-center';
import { doubleOfRatio } from '../core/double';
import { invalid } from '../core/errors';
import { type Quantity, quantityRatio } from '../core/quantity';
import { plainUuid } from '../core/uuid';
import {
  type AddUsageCreditNoteRequest,
  type CostCenter,
  CostCenter_BillingStrategy as Strategy,
  type GetBalanceRequest,
  type GetBalanceResponse,
  type GetCostCenterRequest,
  type SetCostCenterRequest,
} from '../generated/usage/v1/usage';
import { IdempotencyHeaders } from '../platform/doors/idempotency-key';
import type { AnswerOf } from '../platform/doors/open-api-answer';
import {
  ProtoInt32,
  ProtoText,
  ProtoTimestamp,
  TimestampText,
  protoEnum,
  protoMessage,
  timestampOf,
  timestampText,
} from '../platform/doors/proto-json';
import type { AccountCostCenter, SetCostCenter } from './cost-center.service';
import type { AddUsageCreditNote } from './usage-credit-note.service';

/** The messages of usage.v1.UsageService that concern accounts and what they owe, of both doors. */

const DESCRIPTION_MAX = 255;
const CONTROL = /[\p{Cc}\p{Cs}]/u;

export const fromRpcAccount = ({ attributionId }: GetCostCenterRequest | GetBalanceRequest): AccountKey =>
  parseAttributionId(attributionId);

/** Only the account, the limit and the strategy are read; a strategy left out is STRIPE, as the contract has it. */
export function fromRpcSetCostCenter({ costCenter }: SetCostCenterRequest): SetCostCenter {
  if (costCenter === null) throw invalid('cost_center', 'is missing');
  const account = parseAttributionId(costCenter.attributionId, 'cost_center.attribution_id');
  const { spendingLimit, billingStrategy } = costCenter;
  if (spendingLimit < 0 || spendingLimit > SPENDING_LIMIT_MAX) {
    throw invalid('cost_center.spending_limit', `must be from 0 to ${SPENDING_LIMIT_MAX}`);
  }
  const strategy = billingStrategy === Strategy.BILLING_STRATEGY_STRIPE ? 'stripe' : 'other';
  return { account, spendingLimit, strategy, expectedVersion: null };
}

export function fromRpcCreditNote(
  request: AddUsageCreditNoteRequest,
  idempotencyKey: string | null,
): AddUsageCreditNote {
  const account = parseAttributionId(request.attributionId);
  const description = request.description.trim();
  if (description === '') throw invalid('description', 'must not be empty');
  if (description.length > DESCRIPTION_MAX || CONTROL.test(description)) {
    throw invalid('description', `must have at most ${DESCRIPTION_MAX} characters, none of them a control`);
  }
  const userId = request.userId === '' ? null : plainUuid(request.userId);
  if (request.userId !== '' && userId === null) throw invalid('user_id', 'must be a uuid');
  return { account, credits: request.credits, description, userId, idempotencyKey };
}

export function toRpcCostCenter({ account, strategy, spendingLimit, cycle }: AccountCostCenter): CostCenter {
  return {
    attributionId: account,
    spendingLimit,
    billingStrategy:
      strategy === 'stripe' ? Strategy.BILLING_STRATEGY_STRIPE : Strategy.BILLING_STRATEGY_OTHER,
    nextBillingTime: timestampOf(cycle.to),
    billingCycleStart: timestampOf(cycle.from),
  };
}

export const toRpcBalance = (credits: Quantity): GetBalanceResponse => ({
  credits: doubleOfRatio(quantityRatio(credits)),
});

const TEAM = 'team:12345678-1234-1234-1234-123456789abc';

export const AccountBody = z.strictObject({ attributionId: ProtoText }).meta({
  example: { attributionId: TEAM },
});

export const SetCostCenterBody = z
  .strictObject({
    costCenter: protoMessage(
      z.strictObject({
        attributionId: ProtoText,
        spendingLimit: ProtoInt32,
        billingStrategy: protoEnum(['BILLING_STRATEGY_STRIPE', 'BILLING_STRATEGY_OTHER']),
        nextBillingTime: ProtoTimestamp,
        billingCycleStart: ProtoTimestamp,
      }),
    ),
  })
  .meta({
    example: {
      costCenter: {
        attributionId: TEAM,
        spendingLimit: 1000,
        billingStrategy: 'BILLING_STRATEGY_OTHER',
      },
    },
  });

export const CreditNoteBody = z
  .strictObject({
    attributionId: ProtoText,
    credits: ProtoInt32,
    description: ProtoText,
    userId: ProtoText,
  })
  .meta({ example: { attributionId: TEAM, credits: 300, description: 'For the outage' } });

export const CostCenterRpcAnswer = z.strictObject({
  costCenter: z
    .strictObject({
      attributionId: z.string(),
      spendingLimit: z.int(),
      billingStrategy: z.enum(['BILLING_STRATEGY_STRIPE', 'BILLING_STRATEGY_OTHER']),
      nextBillingTime: TimestampText,
      billingCycleStart: TimestampText,
    })
    .meta({ id: 'UsageV1CostCenter' }),
});

export const BalanceAnswer = z.strictObject({ credits: z.number() });

/** The answer of GetCostCenter and SetCostCenter in protobuf's JSON. */
export function toRestRpcCostCenter(costCenter: AccountCostCenter): AnswerOf<typeof CostCenterRpcAnswer> {
  const { nextBillingTime, billingCycleStart, ...rest } = toRpcCostCenter(costCenter);
  return {
    costCenter: {
      ...rest,
      nextBillingTime: timestampText(nextBillingTime)!,
      billingCycleStart: timestampText(billingCycleStart)!,
    },
  };
}

/** Of the headers of a request or the metadata of a call. */
export function idempotencyKeyOf(headers: unknown): string | null {
  return IdempotencyHeaders.parse(headers)['idempotency-key'] ?? null;
}
