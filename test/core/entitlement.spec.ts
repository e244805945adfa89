import { overrideCard, overridesText, parseOverrides } from '../../src/core/card-overrides';
import { entitlementOf } from '../../src/core/entitlement';
import { parsePlan } from '../../src/core/plan-shape';
import { parseQuantity } from '../../src/core/quantity';

const SCANS = { included: null, limit: parseQuantity('10'), onExceed: 'refuse', rollover: null };

function card(json: object = {}, overrides: object = {}) {
  const offer = parsePlan({
    ...{ key: 'pro', name: 'Pro', currency: 'USD' },
    prices: { api_requests: { model: 'per_unit', unit_amount: '1' } },
    allowances: { scans: { limit: '10', on_exceed: 'refuse' } },
    entitlements: { sso: true, audit: false, support: '24x7' },
    ...json,
  });
  return overrideCard({ ...offer, plan: offer.key, version: 1 }, parseOverrides(overrides));
}

describe('what a plan grants under a name', () => {
  it.each<[string, object]>([
    ['sso', { kind: 'boolean', granted: true }],
    ['audit', { kind: 'boolean', granted: false }],
    ['support', { kind: 'static', text: '24x7' }],
    ['scans', { kind: 'metered', allowance: SCANS }],
    ['api_requests', { kind: 'none' }],
    ['nothing', { kind: 'none' }],
    ['constructor', { kind: 'none' }],
    ['', { kind: 'none' }],
  ])('%j is %j', (name, expected) => {
    expect(entitlementOf(card(), name)).toEqual(expected);
  });

  it('is what the account has instead, where it has something', () => {
    const own = card({}, { entitlements: { sso: null, audit: true, seats: '5' } });
    const granted = ['sso', 'audit', 'support', 'seats'].map((name) => entitlementOf(own, name));
    expect(granted).toEqual([
      { kind: 'none' },
      { kind: 'boolean', granted: true },
      { kind: 'static', text: '24x7' },
      { kind: 'static', text: '5' },
    ]);
  });

  it('may become metered, once its name is given up', () => {
    const allowances = { sso: { limit: '3', on_exceed: 'flag' } };
    expect(() => card({}, { allowances })).toThrow(
      'overrides.entitlements.sso: is the name of a meter with an allowance',
    );
    expect(entitlementOf(card({}, { allowances, entitlements: { sso: null } }), 'sso').kind).toBe('metered');
    const freed = card({}, { allowances: { scans: null }, entitlements: { scans: 'unmetered' } });
    expect(entitlementOf(freed, 'scans')).toEqual({ kind: 'static', text: 'unmetered' });
  });
});

describe('overrides of entitlements', () => {
  it('are refused as those of plans are', () => {
    expect(() => parseOverrides({ entitlements: { seats: 5 } })).toThrow(
      'overrides.entitlements.seats: must be true, false or a text of 1 to 200 characters',
    );
    expect(() => parseOverrides({ entitlements: { Seats: null } })).toThrow(
      'overrides.entitlements.Seats: must have a name of a-z',
    );
    expect(() => parseOverrides({ entitlements: null })).toThrow('overrides.entitlements: must be an object');
  });

  it('are a part of the one text, and leave the text of those without any as it was', () => {
    const before = '{"allowances":{},"prices":{"scans":null}}';
    expect(overridesText(parseOverrides(JSON.parse(before)))).toBe(before);
    expect(overridesText(parseOverrides({ entitlements: {} }))).toBeNull();
    const text = overridesText(parseOverrides({ entitlements: { sso: null, seats: '5' } }));
    expect(text).toBe('{"allowances":{},"entitlements":{"seats":"5","sso":null},"prices":{}}');
    expect(overridesText(parseOverrides(JSON.parse(text!)))).toBe(text);
  });
});
