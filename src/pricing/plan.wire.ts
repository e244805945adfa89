import { z } from 'zod';
import type { PlanOffer } from '../core/plan';
import { planLabelsToJson, wholeWordingToJson } from '../core/plan-shape';
import { type AnswerOf, InstantText, pageAnswer } from '../platform/doors/open-api-answer';
import { decodeCursor, encodeCursor, pageOf } from '../platform/doors/pagination';
import { ListPlans, PlanPath, PutPlan } from './plan.commands';
import { PLAN_LABELS, PLAN_WORDING } from './plan-description';
import type { PlanPosition } from './plan.repository';
import type { OfferedPlan, StoredPlanVersion } from './stored-plan';

export const fromRestPlanKey = (path: unknown): string => PlanPath.parse(path).key;
export const fromRestListPlans = (query: unknown): ListPlans => ListPlans.parse(query);
export const fromRestPutPlan = (path: unknown, body: unknown): PlanOffer =>
  PutPlan(fromRestPlanKey(path)).parse(body);

const VERSION = {
  version: z.int().min(1).meta({ description: '1, 2, 3 …' }),
  version_id: z.int().meta({ description: 'Of this version, among those of all plans.' }),
  created_at: InstantText.meta({ description: 'When this version was made.' }),
};

export const PlanAnswer = z
  .strictObject({
    ...PLAN_LABELS,
    is_active: z.boolean().meta({ description: 'Whether it is still offered.' }),
    ...VERSION,
    ...PLAN_WORDING,
  })
  .meta({ id: 'Plan', description: 'A plan with its newest version.' });
export const PlanPageAnswer = pageAnswer(PlanAnswer);

export const PlanVersionAnswer = z
  .strictObject({ plan: z.string(), ...VERSION, ...PLAN_WORDING })
  .meta({ id: 'PlanVersion', description: 'What a plan costs and includes, frozen.' });
export const PlanVersionPageAnswer = pageAnswer(PlanVersionAnswer);

type PlanAnswer = AnswerOf<typeof PlanAnswer>;
type PlanVersionAnswer = AnswerOf<typeof PlanVersionAnswer>;

function versionOf(version: StoredPlanVersion) {
  return {
    version: version.version,
    version_id: version.id,
    created_at: version.createdAt.toISOString(),
    ...wholeWordingToJson(version),
  };
}

export function toRestPlan({ plan, isActive, latest }: OfferedPlan): PlanAnswer {
  return { ...planLabelsToJson(plan), is_active: isActive, ...versionOf(latest) } as PlanAnswer;
}

export function toRestPlanVersion(version: StoredPlanVersion): PlanVersionAnswer {
  return { plan: version.plan, ...versionOf(version) } as PlanVersionAnswer;
}

const Position = z.strictObject({ position: z.int(), key: z.string() });

export const planAfter = ({ cursor }: ListPlans): PlanPosition | null =>
  cursor === undefined ? null : decodeCursor('plans', Position, cursor);

export function toRestPlanPage(
  plans: readonly OfferedPlan[],
  limit: number,
): AnswerOf<typeof PlanPageAnswer> {
  const { items, next_cursor } = pageOf(plans, limit, ({ plan: { position, key } }) =>
    encodeCursor('plans', { position, key }),
  );
  return { items: items.map(toRestPlan), next_cursor };
}

const Before = z.strictObject({ before: z.int().min(1) });
/** Above every version there can be. */
const NEWEST = 2_147_483_647;

export const versionBefore = ({ cursor }: ListPlans): number =>
  cursor === undefined ? NEWEST : decodeCursor('plan-versions', Before, cursor).before;

export function toRestPlanVersionPage(
  versions: readonly StoredPlanVersion[],
  limit: number,
): AnswerOf<typeof PlanVersionPageAnswer> {
  const { items, next_cursor } = pageOf(versions, limit, ({ version }) =>
    encodeCursor('plan-versions', { before: version }),
  );
  return { items: items.map(toRestPlanVersion), next_cursor };
}
