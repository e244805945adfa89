import { below, decimal, list, nullable, refuse, type Codec, type Place } from './json-codec';
import { object, optional, required } from './json-object';
import type { Tier } from './price';
import { formatQuantity, ZERO } from './quantity';

const TIERS_MAX = 1000;
const AMOUNT = decimal({ atLeast: ZERO });
const BOUND = decimal({ above: ZERO });

/** Tiers of which each begins where the one before ends (pricing rule 1); `wire` is the name of the price per unit. */
export function tiersCodec(wire: 'unit_amount' | 'rate'): Codec<readonly Tier[]> {
  const tier = object<Tier>({
    upTo: required('up_to', nullable(BOUND)),
    unitAmount: required(wire, AMOUNT),
    flatAmount: optional('flat_amount', AMOUNT, ZERO),
  });
  return list(tier, { atLeast: 1, atMost: TIERS_MAX }, contiguous);
}

function contiguous(items: readonly (Tier | undefined)[], place: Place): void {
  let bound = ZERO;
  items.forEach((tier, index) => {
    if (tier === undefined) return;
    const at = below(below(place, index), 'up_to');
    const last = index === items.length - 1;
    if (last !== (tier.upTo === null))
      refuse(at, last ? 'must be null: the last tier is open' : 'must be a bound');
    if (tier.upTo === null) return;
    if (tier.upTo <= bound) refuse(at, `must be more than the bound before, ${formatQuantity(bound)}`);
    bound = tier.upTo;
  });
}
