import { formatMoney, money } from '../../src/core/money';
import { parseQuantity } from '../../src/core/quantity';
import { type MeterUsage, rateUsage } from '../../src/core/rating';
import type { PlanOffer } from '../../src/core/plan';
import { BUILT_IN_PLANS } from '../../src/pricing/catalogue.seed';
import { openPlanFiles, readPlanFiles } from '../../src/pricing/plan-file';

function builtIn(): Map<string, PlanOffer> {
  const { files, problems: unopened } = openPlanFiles([BUILT_IN_PLANS]);
  const { plans, problems } = readPlanFiles(files);
  expect([...unopened, ...problems]).toEqual([]);
  return new Map(plans.map(({ offer }) => [offer.key, offer]));
}

const plan = (key: string): PlanOffer => builtIn().get(key)!;

function usage(quantities: Record<string, string>): Map<string, MeterUsage> {
  return new Map(
    Object.entries(quantities).map(([meter, text]) => [
      meter,
      { entries: [{ quantity: parseQuantity(text) }] },
    ]),
  );
}

/** The lines of a month as `meter amount`, and their sum. */
function bill(key: string, quantities: Record<string, string>): string[] {
  const { currency } = plan(key);
  const { charges } = rateUsage(plan(key), usage(quantities), { final: true });
  const total = charges.reduce((sum, charge) => sum + charge.minor, 0n);
  return [
    ...charges.map(({ meter, minor }) => `${meter ?? 'plan'} ${formatMoney(money(minor, currency))}`),
    `total ${formatMoney(money(total, currency))}`,
  ];
}

describe('the built-in plans', () => {
  it('are those of the originals', () => {
    expect([...builtIn().values()].map(({ source, name }) => `${source} ${name}`)).toEqual([
      'scorpius Free',
      'scorpius Professional',
      'scorpius Enterprise',
      'waybill Hobby',
      'waybill Pro',
      'waybill Team',
    ]);
  });

  it('W-61: a month of hobby, storage by the GB-month of 720 hours (TR-12, TR-13, TR-14)', () => {
    const month = {
      compute_gb_hours: '600',
      build_minutes: '530',
      storage_gb_hours: '2160',
      bandwidth_gb: '120',
    };
    expect(bill('hobby', month)).toEqual([
      'plan 5.00',
      'compute_gb_hours 0.05',
      'build_minutes 0.30',
      'storage_gb_hours 0.50',
      'bandwidth_gb 2.00',
      'total 7.85',
    ]);
  });

  it('W-62: a month of pro (TR-14)', () => {
    const month = {
      compute_gb_hours: '2600',
      build_minutes: '2100',
      storage_gb_hours: '8640',
      bandwidth_gb: '510',
    };
    expect(bill('pro', month)).toEqual([
      'plan 20.00',
      'compute_gb_hours 0.28',
      'build_minutes 1.00',
      'storage_gb_hours 0.40',
      'bandwidth_gb 0.80',
      'total 22.48',
    ]);
  });

  it('a month of team that is used up to the last unit costs the plan alone', () => {
    const month = {
      compute_gb_hours: '5000',
      build_minutes: '5000',
      storage_gb_hours: '36000',
      bandwidth_gb: '1000',
    };
    expect(bill('team', { ...month, custom_domains: '40' })).toEqual(['plan 50.00', 'total 50.00']);
  });

  it.each([
    ['free', ['10', '100', '1000']],
    ['professional', ['1000', '10000', '50000']],
    ['enterprise', [null, null, null]],
  ])('S-01, S-02, S-22: %s has the limits %j, bills nothing and expects nobody to', (key, limits) => {
    const features = ['scans', 'wallet_checks', 'api_requests'];
    const { allowances } = plan(key);
    expect(features.map((feature) => allowances.get(feature)!.limit)).toEqual(
      limits.map((limit) => (limit === null ? null : parseQuantity(limit))),
    );
    const beyond = Object.fromEntries(features.map((feature) => [feature, '1000000']));
    expect(bill(key, beyond)).toEqual(['total 0.00']);
    expect(rateUsage(plan(key), usage(beyond), { final: true }).unpriced).toEqual([]);
  });

  it('takes a base and a price for overage of a feature', () => {
    const free = plan('free');
    const scans = { ...free.allowances.get('scans')!, onExceed: 'bill' as const };
    const priced = {
      ...free,
      prices: new Map([['scans', plan('hobby').prices.get('bandwidth_gb')!]]),
      allowances: new Map([['scans', scans]]),
    };
    const { charges } = rateUsage(priced, usage({ scans: '15' }), { final: true });
    // Five beyond ten, at 0.10.
    expect(charges.map(({ minor }) => minor)).toEqual([50n]);
  });
});
