import fc from 'fast-check';
import { jsonDifference } from '../../src/core/json-difference';
import { type ListedPlan, planChange, unknownMeters } from '../../src/core/plan-change';
import { parsePlan } from '../../src/core/plan-shape';
import { anyPlan } from './any-plan';

const BASE = {
  key: 'starter',
  name: 'Starter',
  currency: 'USD',
  base_fee: { model: 'flat', amount: '5' },
  prices: { scans: { model: 'per_unit', unit_amount: '0.01' } },
};

function listed(json: object, version = 1, isActive = true): ListedPlan {
  const offer = parsePlan(json);
  return { plan: offer, isActive, latest: { ...offer, plan: offer.key, version } };
}

const changed = (json: object, stored = listed(BASE, 3)) => {
  const { kind, version, differences } = planChange(stored, parsePlan(json));
  return [kind, version, ...differences.map(({ path, before, after }) => `${path}: ${before} -> ${after}`)];
};

describe('what an offer does to the catalogue', () => {
  it('makes a new plan where there is none', () => {
    expect(planChange(null, parsePlan(BASE))).toEqual({
      key: 'starter',
      kind: 'new-plan',
      version: 1,
      differences: [],
    });
  });

  it('is nothing for the same offer in other words of JSON', () => {
    expect(changed({ ...BASE, interval_count: 1, base_fee: { model: 'flat', amount: '5.00' } })).toEqual([
      'nothing',
      3,
    ]);
  });

  it.each<[string, object, (string | number)[]]>([
    [
      'a price',
      { prices: { scans: { model: 'per_unit', unit_amount: '0.02' } } },
      ['new-version', 4, 'prices.scans.unit_amount: "0.01" -> "0.02"'],
    ],
    [
      'a meter more',
      { allowances: { wallet_checks: {} } },
      [
        'new-version',
        4,
        'allowances.wallet_checks: null -> {"included":null,"limit":null,"on_exceed":"bill","rollover":null}',
      ],
    ],
    [
      'a meter less',
      { prices: {} },
      ['new-version', 4, 'prices.scans: {"model":"per_unit","unit_amount":"0.01"} -> null'],
    ],
    [
      'what it grants',
      { entitlements: { sso: true, seats: '5' } },
      ['new-version', 4, 'entitlements.seats: null -> "5"', 'entitlements.sso: null -> true'],
    ],
    ['entitlements that are none', { entitlements: {} }, ['nothing', 3]],
    ['the currency', { currency: 'EUR' }, ['new-version', 4, 'currency: "USD" -> "EUR"']],
    ['the trial', { trial_days: 14 }, ['new-version', 4, 'trial_days: 0 -> 14']],
    ['the name', { name: 'Begin' }, ['labels', 3, 'name: "Starter" -> "Begin"']],
    ['what it comes with', { features: ['Support'] }, ['labels', 3, 'features[0]: null -> "Support"']],
    [
      'both',
      { name: 'Begin', interval: 'year' },
      ['new-version', 4, 'interval: "month" -> "year"', 'name: "Starter" -> "Begin"'],
    ],
  ])('with %s', (_words, change, expected) => {
    expect(changed({ ...BASE, ...change })).toEqual(expected);
  });

  it('offers a retired plan again, in the same version', () => {
    expect(changed(BASE, listed(BASE, 3, false))).toEqual(['labels', 3, 'is_active: false -> true']);
  });

  it('is nothing exactly where the offers say the same', () => {
    fc.assert(
      fc.property(anyPlan, anyPlan, (one, other) => {
        const wanted = { ...other, key: one['key'] };
        const { kind, differences } = planChange(listed(one), parsePlan(wanted));
        expect(kind === 'nothing').toBe(differences.length === 0);
        expect(planChange(listed(wanted), parsePlan(wanted)).kind).toBe('nothing');
      }),
    );
  });

  it('names the meters that nobody knows, each where it stands', () => {
    const offer = parsePlan({ ...BASE, allowances: { gpu: {}, cpu: {} } });
    expect(unknownMeters(offer, new Set(['cpu']))).toEqual([
      { field: 'prices.scans', reason: 'is not a meter of the catalogue' },
      { field: 'allowances.gpu', reason: 'is not a meter of the catalogue' },
    ]);
  });
});

describe('the difference of two JSON values', () => {
  it.each<[unknown, unknown, string[]]>([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, []],
    [[1, 2], [1], ['[1]']],
    [{ a: [{ b: 1 }] }, { a: [{ b: 2 }, { b: 3 }] }, ['a[0].b', 'a[1]']],
    [{ a: null }, {}, ['a']],
    [{ a: {} }, { a: [] }, ['a']],
    [1, '1', ['']],
    [{ toString: 1 }, {}, ['toString']],
  ])('of %j and %j is at %j', (before, after, paths) => {
    expect(jsonDifference(before, after).map(({ path }) => path)).toEqual(paths);
  });

  it('is nothing between a value and its copy', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jsonDifference(value, JSON.parse(JSON.stringify(value)))).toEqual([]);
      }),
    );
  });
});
