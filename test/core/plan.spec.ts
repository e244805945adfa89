import type { Allowance } from '../../src/core/allowance';
import { DomainError } from '../../src/core/errors';
import { parseCurrency } from '../../src/core/money';
import { checkPlanVersion, type PlanVersion } from '../../src/core/plan';
import { parsePrice } from '../../src/core/price-shape';
import { parseQuantity } from '../../src/core/quantity';

const q = parseQuantity;
const PRICE = parsePrice({ model: 'per_unit', unit_amount: '0.01' });
const FREE: Allowance = { included: null, limit: null, onExceed: 'bill', rollover: null };

function version(change: Partial<PlanVersion> = {}, build: Partial<Allowance> | null = null): PlanVersion {
  return {
    plan: 'hobby',
    version: 1,
    currency: parseCurrency('USD'),
    interval: 'month',
    count: 1,
    trialDays: 0,
    baseFee: null,
    prices: new Map([['build', PRICE]]),
    allowances: build ? new Map([['build', { ...FREE, ...build }]]) : new Map(),
    entitlements: new Map(),
    ...change,
  };
}

function problems(plan: PlanVersion): string[] {
  try {
    checkPlanVersion(plan);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return error.fields.map(({ field, reason }) => `${field}: ${reason}`);
  }
  return [];
}

describe('a plan version', () => {
  it.each<[string, PlanVersion]>([
    ['prices alone', version()],
    ['an included amount, the rest billed', version({}, { included: q('500') })],
    [
      'an included amount below a limit',
      version({}, { included: q('500'), limit: q('500'), onExceed: 'refuse' }),
    ],
    ['a limit that is included', version({}, { limit: q('10') })],
    [
      'a limit without a price, flagged',
      version({ prices: new Map() }, { limit: q('10'), onExceed: 'flag' }),
    ],
    ['everything, without a price', version({ prices: new Map() }, {})],
    ['what is left over', version({}, { included: q('5'), rollover: { maximum: q('5') } })],
    [
      'what no meter measures, and a name of a meter that has only a price',
      version({
        entitlements: new Map<string, boolean | string>([
          ['sso', true],
          ['build', '5'],
        ]),
      }),
    ],
    ['all of what is left over', version({}, { included: q('5'), rollover: { maximum: null } })],
  ])('may have %s', (_, plan) => {
    expect(problems(plan)).toEqual([]);
  });

  it.each<[PlanVersion, string]>([
    [
      version({ plan: 'Hobby plan' }),
      'plan.key: must begin with a lower-case letter or digit and be at most 64 long',
    ],
    [version({ version: 0 }), 'plan.version: must be a whole number from 1 to 9007199254740991'],
    [version({ count: 1.5 }), 'plan.count: must be a whole number from 1 to 1000'],
    [version({ trialDays: -1 }), 'plan.trial_days: must be a whole number from 0 to 3650'],
    [version({}, { included: q('-1') }), 'plan.allowances.build.included: must not be negative'],
    [version({}, { limit: q('-1') }), 'plan.allowances.build.limit: must not be negative'],
    [
      version({}, { included: q('5'), limit: q('4') }),
      'plan.allowances.build.included: must not be more than the limit: it could never be used up',
    ],
    [
      version({ prices: new Map() }, { onExceed: 'refuse' }),
      'plan.allowances.build.on_exceed: cannot be refuse where nothing can be exceeded',
    ],
    [
      version({ prices: new Map() }, { included: q('5') }),
      'plan.allowances.build.on_exceed: cannot be bill for a meter without a price',
    ],
    [version({}, {}), 'plan.allowances.build.included: cannot be everything for a meter that has a price'],
    [
      version({ prices: new Map([['build', { ...PRICE, includedQuantity: q('3') }]]) }, { included: q('5') }),
      'plan.allowances.build.included: is also stated by the price as included_quantity',
    ],
    [
      version({}, { limit: q('5'), rollover: { maximum: null } }),
      'plan.allowances.build.rollover: needs an included amount that can be left over',
    ],
    [
      version({}, { included: q('5'), rollover: { maximum: q('-1') } }),
      'plan.allowances.build.rollover.maximum: must not be negative',
    ],
    [
      version({ entitlements: new Map([['build', true]]) }, { included: q('5') }),
      'plan.entitlements.build: is the name of a meter with an allowance',
    ],
  ])('is refused when it contradicts itself %#', (plan, problem) => {
    expect(problems(plan)).toEqual([problem]);
  });

  it('is told all of its problems at once', () => {
    expect(problems(version({ version: 0, count: 0 }, { included: q('-1') }))).toHaveLength(3);
  });
});
