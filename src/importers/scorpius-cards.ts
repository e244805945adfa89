import { BUILT_IN_PLANS } from '../pricing/catalogue.seed';
import { openPlanFiles, readPlanFiles } from '../pricing/plan-file';
import type { ScorpiusCards } from './scorpius-limits';

/** The built-in plans, read from their files: a preview needs no database of ours. */
export function builtInCards(): ScorpiusCards {
  const { plans } = readPlanFiles(openPlanFiles([BUILT_IN_PLANS]).files);
  const cards = new Map(plans.map(({ offer }) => [offer.key, offer] as const));
  return (plan) => Promise.resolve(cards.get(plan) ?? null);
}
