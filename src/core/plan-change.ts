import type { FieldError } from './errors';
import { jsonDifference, type Difference } from './json-difference';
import type { Plan, PlanOffer, PlanVersion, RateCard } from './plan';
import { planLabelsToJson, wholeWordingToJson } from './plan-shape';

/** A plan of the catalogue: its words and what whoever takes it now agrees to. */
export interface ListedPlan {
  readonly plan: Plan;
  /** Whether it is still offered; whoever has it keeps it. */
  readonly isActive: boolean;
  readonly latest: PlanVersion;
}

/** What an offer does to the catalogue: a new plan, a new version of one, other words for one, or nothing. */
export interface PlanChange {
  readonly key: string;
  readonly kind: 'new-plan' | 'new-version' | 'labels' | 'nothing';
  /** The version that is in the catalogue afterwards. */
  readonly version: number;
  /** Of the wording first, then of the labels; none for a new plan. */
  readonly differences: readonly Difference[];
}

/**
 * Compares an offer with what stands under its key. Anything priced makes a new version; words are changed where they
 * stand. A plan that was retired is offered again by being put.
 */
export function planChange(stored: ListedPlan | null, wanted: PlanOffer): PlanChange {
  const { key } = wanted;
  if (stored === null) return { key, kind: 'new-plan', version: 1, differences: [] };
  const wording = jsonDifference(wholeWordingToJson(stored.latest), wholeWordingToJson(wanted));
  const words = [
    ...jsonDifference(planLabelsToJson(stored.plan), planLabelsToJson(wanted)),
    ...jsonDifference({ is_active: stored.isActive }, { is_active: true }),
  ];
  const kind = wording.length > 0 ? 'new-version' : words.length > 0 ? 'labels' : 'nothing';
  const version = stored.latest.version + (kind === 'new-version' ? 1 : 0);
  return { key, kind, version, differences: [...wording, ...words] };
}

/** The meters that a rate card names and `known` does not, each where it stands. */
export function unknownMeters(card: RateCard, known: { has(key: string): boolean }): FieldError[] {
  const missing = (part: 'prices' | 'allowances'): FieldError[] =>
    [...card[part].keys()]
      .filter((meter) => !known.has(meter))
      .map((meter) => ({ field: `${part}.${meter}`, reason: 'is not a meter of the catalogue' }));
  return [...missing('prices'), ...missing('allowances')];
}
