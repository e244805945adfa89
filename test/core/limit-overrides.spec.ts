import fc from 'fast-check';
import { includedIn, type Allowance } from '../../src/core/allowance';
import { overrideCard } from '../../src/core/card-overrides';
import { allowanceWithLimit } from '../../src/core/limit-overrides';
import type { PlanVersion } from '../../src/core/plan';
import { parsePlan } from '../../src/core/plan-shape';
import { ONE, quantity, ZERO, type Quantity } from '../../src/core/quantity';

const UNIT = { model: 'per_unit', unit_amount: '1' };
const whole = (units: number | null): Quantity | null =>
  units === null ? null : quantity(BigInt(units) * ONE);

function planOf(allowance: object | null, isPriced: boolean): PlanVersion {
  const offer = parsePlan({
    ...{ key: 'p', name: 'P', currency: 'USD', prices: isPriced ? { scans: UNIT } : {} },
    allowances: allowance === null ? {} : { scans: allowance },
  });
  return { ...offer, plan: 'p', version: 1 };
}

const given = (plan: PlanVersion, limit: number | null, card = plan): Allowance | undefined =>
  allowanceWithLimit('scans', whole(limit), { plan, card });

const shown = (allowance: Allowance | undefined): string => {
  if (allowance === undefined) return 'as it is';
  const { included, limit, onExceed } = allowance;
  return (
    [included, limit].map((each) => (each === null ? 'all' : String(each / ONE))).join(' of ') +
    ` ${onExceed}`
  );
};

describe('a limit of an account’s own', () => {
  it.each<[string, object | null, boolean, number | null, string]>([
    ['takes the place of a flag', { limit: '10', on_exceed: 'flag' }, false, 20, 'all of 20 flag'],
    ['takes the place of a refusal', { limit: '10', on_exceed: 'refuse' }, false, 3, 'all of 3 refuse'],
    ['is a flag where there was no limit', { limit: null }, false, 3, 'all of 3 flag'],
    ['is a flag of what the plan does not name', null, false, 3, 'all of 3 flag'],
    ['may be none', { limit: '10', on_exceed: 'refuse' }, false, null, 'all of all bill'],
    ['leaves what costs nothing', { limit: '10', on_exceed: 'bill' }, true, 20, '10 of 20 bill'],
    ['leaves what is included', { included: '5', limit: '10', on_exceed: 'bill' }, true, 20, '5 of 20 bill'],
    ['includes no more than itself', { limit: '10', on_exceed: 'bill' }, true, 3, '3 of 3 bill'],
    ['may be none of what has a price', { limit: '10', on_exceed: 'bill' }, true, null, '10 of all bill'],
    ['of what is paid from the first unit', null, true, 3, '0 of 3 bill'],
    ['that is none, of what is paid from the first unit', null, true, null, 'as it is'],
  ])('%s', (_, allowance, ...[isPriced, limit, expected]) => {
    expect(shown(given(planOf(allowance, isPriced), limit))).toBe(expected);
  });

  it('is no way to free units: whatever was set before, a price is paid for as much as in the plan', () => {
    const limit = fc.option(fc.integer({ min: 0, max: 100 }), { nil: null });
    const free = fc.option(fc.integer({ min: 0, max: 50 }), { nil: null });
    fc.assert(
      fc.property(free, fc.array(limit, { minLength: 1, maxLength: 5 }), (included, limits) => {
        const agreed = included === null ? null : { included: String(included), on_exceed: 'bill' };
        const plan = planOf(agreed, true);
        let card = plan;
        for (const each of limits) {
          const allowance = given(plan, each, card);
          if (allowance === undefined) continue;
          const allowances = new Map([['scans', allowance]]);
          card = overrideCard(plan, {
            ...{ baseFee: undefined, prices: new Map(), entitlements: new Map() },
            allowances,
          });
        }
        const before = plan.allowances.get('scans');
        const after = card.allowances.get('scans');
        const [most, now] = [before, after].map((each) => (each === undefined ? ZERO : includedIn(each)!));
        expect(now! <= most!).toBe(true);
      }),
    );
  });
});
