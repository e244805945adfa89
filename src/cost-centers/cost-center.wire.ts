import { z } from 'zod';
import { BILLING_STRATEGIES } from '../core/cost-center';
import { type AnswerOf, InstantText, pageAnswer } from '../platform/doors/open-api-answer';
import { PageQuery, decodeCursor, encodeCursor, pageOf } from '../platform/doors/pagination';
import { AccountPath } from './account.commands';
import { PutCostCenterBody } from './cost-center.commands';
import { COST_CENTER_CAUSES, type StoredCostCenter } from './cost-center.repository';
import type { SetCostCenter } from './cost-center.service';

const LIST = 'cost-center-versions';

export function fromRestPutCostCenter(path: unknown, body: unknown): SetCostCenter {
  const { strategy, spending_limit: spendingLimit, version } = PutCostCenterBody.parse(body);
  return { account: AccountPath.parse(path).key, strategy, spendingLimit, expectedVersion: version ?? null };
}

const Position = z.strictObject({ version: z.int() });

export function fromRestListVersions(query: unknown): { before: number | null; limit: number } {
  const { cursor, limit } = PageQuery.parse(query);
  return { before: cursor === undefined ? null : decodeCursor(LIST, Position, cursor).version, limit };
}

export const CostCenterAnswer = z
  .strictObject({
    version: z.int(),
    strategy: z.enum(BILLING_STRATEGIES),
    spending_limit: z.int(),
    cycle_start: InstantText,
    next_billing_time: InstantText,
    created_at: InstantText,
    cause: z.enum(COST_CENTER_CAUSES),
  })
  .meta({ id: 'CostCenter' });
export const CostCenterPageAnswer = pageAnswer(CostCenterAnswer);

export function toRestCostCenter(costCenter: StoredCostCenter): AnswerOf<typeof CostCenterAnswer> {
  const { version, strategy, spendingLimit, cycle, createdAt, cause } = costCenter;
  return {
    ...{ version, strategy, spending_limit: spendingLimit, cause },
    cycle_start: cycle.from.toISOString(),
    next_billing_time: cycle.to.toISOString(),
    created_at: createdAt.toISOString(),
  };
}

export function toRestCostCenterPage(
  versions: readonly StoredCostCenter[],
  limit: number,
): AnswerOf<typeof CostCenterPageAnswer> {
  const page = pageOf(versions, limit, ({ version }) => encodeCursor(LIST, { version }));
  return { items: page.items.map(toRestCostCenter), next_cursor: page.next_cursor };
}
