import { includedIn, type Allowance } from './allowance';
import type { PlanVersion } from './plan';
import { type Quantity, ZERO } from './quantity';

/**
 * The allowance of an account that is given a limit of its own (null = unlimited), or undefined where its plan says that
 * already. What happens beyond it stays as agreed, and so does what costs nothing: of a meter with a price a limit is no gift.
 * `card` is the plan as it holds for the account now, with whatever it was given before.
 */
export function allowanceWithLimit(
  meter: string,
  limit: Quantity | null,
  { plan, card }: { plan: PlanVersion; card: PlanVersion },
): Allowance | undefined {
  const agreed = [card.allowances.get(meter), plan.allowances.get(meter)].filter(
    (each) => each !== undefined,
  );
  const rollover = agreed.find((each) => each.rollover !== null)?.rollover ?? null;
  if (!card.prices.has(meter)) {
    const onExceed = limit === null ? 'bill' : policyOf(agreed);
    return { included: null, limit, onExceed, rollover: null };
  }
  if (limit === null && agreed.length === 0) return undefined;
  const free = agreed.map(includedIn).filter((each) => each !== null);
  const included = free.reduce<Quantity>((most, each) => (each > most ? each : most), ZERO);
  const onExceed = limit === null ? 'bill' : policyOf(agreed, 'bill');
  return { included: limit !== null && limit < included ? limit : included, limit, onExceed, rollover };
}

/** That of an allowance which can be exceeded; who never had a limit is only told. */
function policyOf(
  agreed: readonly Allowance[],
  otherwise: Allowance['onExceed'] = 'flag',
): Allowance['onExceed'] {
  return agreed.find((each) => includedIn(each) !== null)?.onExceed ?? otherwise;
}
