import fc from 'fast-check';
import { DomainError } from '../../src/core/errors';
import {
  parsePlan,
  parsePlanWording,
  planToJson,
  planWordingToJson,
  wholeWordingToJson,
} from '../../src/core/plan-shape';
import { anyPlan } from './any-plan';

const CENT = { model: 'per_unit', unit_amount: '0.01' };
const plan = (change: object = {}) => ({ key: 'starter', name: 'Starter', currency: 'USD', ...change });

function problems(json: unknown): string[] {
  try {
    parsePlan(json);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error.code).toBe('invalid-argument');
    return error.fields.map(({ field, reason }) => `${field.replace('plan.', '')}: ${reason}`);
  }
  return [];
}

describe('the wire shape of a plan', () => {
  it('is written with everything that goes without saying', () => {
    const short = plan({ prices: { scans: CENT }, allowances: { scans: { included: '5.0' } } });
    expect(planToJson(parsePlan(short))).toEqual({
      key: 'starter',
      name: 'Starter',
      description: '',
      features: [],
      attributes: {},
      source: 'tallyhouse',
      position: 0,
      currency: 'USD',
      interval: 'month',
      interval_count: 1,
      trial_days: 0,
      base_fee: null,
      prices: { scans: CENT },
      allowances: { scans: { included: '5', limit: null, on_exceed: 'bill', rollover: null } },
    });
  });

  it('comes back as it went, and is then written as it was, letter by letter', () => {
    fc.assert(
      fc.property(anyPlan, (json) => {
        const offer = parsePlan(json);
        const written = planToJson(offer);
        const again = parsePlan(JSON.parse(JSON.stringify(written)));
        expect(again).toEqual(offer);
        expect(JSON.stringify(planToJson(again))).toBe(JSON.stringify(written));
      }),
    );
  });

  it('is one text for one content, in whatever order its meters are named', () => {
    const forth = plan({ prices: { build_minutes: CENT, scans: CENT } });
    const back = plan({
      prices: { scans: { unit_amount: '0.010', model: 'per_unit' }, build_minutes: CENT },
    });
    expect(JSON.stringify(planToJson(parsePlan(back)))).toBe(JSON.stringify(planToJson(parsePlan(forth))));
  });

  it('says nothing of entitlements that are none, as it did before there were any', () => {
    const text = '{"currency":"USD","interval":"month","interval_count":1,"trial_days":0,"base_fee":null,';
    const before = `${text}"prices":{},"allowances":{"scans":{"included":null,"limit":null,"on_exceed":"bill","rollover":null}}}`;
    const wording = parsePlanWording(JSON.parse(before));
    expect(wording.entitlements).toEqual(new Map());
    expect(JSON.stringify(planWordingToJson(wording))).toBe(before);
    expect(JSON.stringify(planToJson(parsePlan(plan({ entitlements: {} }))))).toBe(
      JSON.stringify(planToJson(parsePlan(plan()))),
    );
    expect(wholeWordingToJson(wording)).toEqual({ ...JSON.parse(before), entitlements: {} });
  });

  it('names entitlements in one order, whatever they were said in', () => {
    const granted = parsePlan(plan({ entitlements: { support: '24x7', sso: true, audit: false } }));
    expect(JSON.stringify(planWordingToJson(granted))).toContain(
      '"entitlements":{"audit":false,"sso":true,"support":"24x7"}',
    );
    expect(parsePlanWording(planWordingToJson(granted)).entitlements).toEqual(granted.entitlements);
  });

  it('has a priced part that stands alone', () => {
    const offer = parsePlan(plan({ base_fee: { model: 'flat', amount: '5' } }));
    const { currency, baseFee, interval } = parsePlanWording(planWordingToJson(offer));
    expect({ currency, baseFee, interval }).toEqual({
      currency: 'USD',
      baseFee: offer.baseFee,
      interval: 'month',
    });
  });
});

describe('a plan is refused for', () => {
  const tiers = (...bounds: (string | null)[]) => ({
    model: 'graduated',
    tiers: bounds.map((up_to) => ({ up_to, unit_amount: '1' })),
  });

  it.each<[string, unknown, string[]]>([
    ['being none', 'hobby', ['plan: must be an object']],
    ['what is missing', {}, ['key: is required', 'name: is required', 'currency: is required']],
    ['fields nobody knows', plan({ cost: '5' }), ['cost: is not a known field']],
    [
      'a key that is none',
      plan({ key: 'Hobby plan' }),
      ['key: must begin with a lower-case letter or digit and be at most 64 long'],
    ],
    ['a name of nothing', plan({ name: '' }), ['name: must be a text of 1 to 200 characters']],
    ['a name over two lines', plan({ name: 'a\nb' }), ['name: must not hold control characters']],
    ['half a character', plan({ features: ['\ud800'] }), ['features[0]: must not hold control characters']],
    [
      'a currency that is none',
      plan({ currency: 'usd' }),
      ['currency: must be an ISO 4217 code, such as USD'],
    ],
    [
      'a price in another currency',
      plan({ prices: { scans: { ...CENT, currency: 'EUR' } } }),
      ['prices.scans.currency: is not a known field'],
    ],
    [
      'overlapping tiers',
      plan({ prices: { build_minutes: tiers('100', '50', null) } }),
      ['prices.build_minutes.tiers[1].up_to: must be more than the bound before, 100'],
    ],
    [
      'tiers that end',
      plan({ prices: { build_minutes: tiers('100', '200') } }),
      ['prices.build_minutes.tiers[1].up_to: must be null: the last tier is open'],
    ],
    [
      'a negative price',
      plan({ prices: { scans: { model: 'per_unit', unit_amount: '-1' } } }),
      ['prices.scans.unit_amount: must be at least 0'],
    ],
    [
      'a price in a binary float',
      plan({ prices: { scans: { model: 'per_unit', unit_amount: 0.1 } } }),
      ['prices.scans.unit_amount: must be a decimal string, such as "0.10"'],
    ],
    [
      'a base fee that looks at usage',
      plan({ base_fee: CENT }),
      ['base_fee.model: must be flat: a base fee does not look at usage'],
    ],
    [
      'a negative base fee',
      plan({ base_fee: { model: 'flat', amount: '-5' } }),
      ['base_fee.amount: must be at least 0'],
    ],
    [
      'periods of nothing',
      plan({ interval: 'moon', interval_count: 0, trial_days: 0.5 }),
      [
        'interval: must be one of hour, day, week, month, year',
        'interval_count: must be a whole number from 1 to 1000',
        'trial_days: must be a whole number from 0 to 3650',
      ],
    ],
    [
      'an allowance that bills without a price',
      plan({ allowances: { scans: { included: '5' } } }),
      ['allowances.scans.on_exceed: cannot be bill for a meter without a price'],
    ],
    [
      'an allowance below zero',
      plan({ allowances: { scans: { limit: '-1', on_exceed: 'flag' } } }),
      ['allowances.scans.limit: must be at least 0'],
    ],
    [
      'a policy nobody knows',
      plan({ allowances: { scans: { limit: '1', on_exceed: 'ignore' } } }),
      ['allowances.scans.on_exceed: must be one of bill, flag, refuse'],
    ],
    [
      'too many meters',
      plan({ prices: Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`m${i}`, CENT])) }),
      ['prices: must have at most 200 members'],
    ],
    [
      'entitlements that are no list of names',
      plan({ entitlements: ['sso'] }),
      ['entitlements: must be an object'],
    ],
    [
      'entitlements that are neither granted nor told',
      plan({ entitlements: { seats: 5, sso: null, support: '', owner: 'x'.repeat(201), note: 'a\nb' } }),
      [
        'entitlements.seats: must be true, false or a text of 1 to 200 characters',
        'entitlements.sso: must be true, false or a text of 1 to 200 characters',
        'entitlements.support: must be a text of 1 to 200 characters',
        'entitlements.owner: must be a text of 1 to 200 characters',
        'entitlements.note: must not hold control characters',
      ],
    ],
    [
      'an entitlement with a name that no meter could have',
      plan({ entitlements: { SSO: true, '5_seats': true } }),
      [
        'entitlements.SSO: must have a name of a-z, 0-9, _ . - that begins with a letter',
        'entitlements.5_seats: must have a name of a-z, 0-9, _ . - that begins with a letter',
      ],
    ],
    [
      'one name that means two things',
      plan({ allowances: { scans: {} }, entitlements: { scans: true } }),
      ['entitlements.scans: is the name of a meter with an allowance'],
    ],
    [
      'too many entitlements',
      plan({ entitlements: Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`e${i}`, true])) }),
      ['entitlements: must have at most 200 members'],
    ],
    [
      'a meter of no name',
      plan({ prices: { '': CENT } }),
      ['prices.: must have a name of 1 to 100 characters'],
    ],
  ])('%s', (_words, json, expected) => {
    expect(problems(json)).toEqual(expected);
  });

  it('whatever it is, in words', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          anyPlan.chain((json) => spoiled(json)),
        ),
        (json) => {
          try {
            parsePlan(json);
          } catch (error) {
            expect(error).toBeInstanceOf(DomainError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** One member replaced by anything. */
function spoiled(json: Record<string, unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.constantFrom(...Object.keys(json)), fc.jsonValue())
    .map(([name, value]) => ({ ...json, [name]: value }));
}
