import fc from 'fast-check';
import { carryOver, splitAllowance, type Allowance } from '../../src/core/allowance';
import { lineDifference } from '../../src/core/line';
import { formatMoney, money, parseCurrency } from '../../src/core/money';
import type { RateCard } from '../../src/core/plan';
import { parsePrice } from '../../src/core/price-shape';
import type { FlatPrice } from '../../src/core/price';
import { formatRatio, ONE, parseQuantity, quantity } from '../../src/core/quantity';
import { compareRatios, ratio } from '../../src/core/ratio';
import { rateUsage, type Charge, type MeterUsage, type Rating } from '../../src/core/rating';
import { anyPrice, anyUsage } from './any-price';

const USD = parseCurrency('USD');
const q = parseQuantity;
const entry = (text: string) => ({ quantity: q(text) });

const perUnit = (amount: string) => parsePrice({ model: 'per_unit', unit_amount: amount });
const includes = (included: string | null, more: Partial<Allowance> = {}): Allowance => ({
  included: included === null ? null : q(included),
  limit: null,
  onExceed: 'bill',
  rollover: null,
  ...more,
});

/** Five dollars a month with 500 GB-hours, 500 build minutes, 1 GB and 100 GB of traffic. */
const HOBBY: RateCard = {
  currency: USD,
  baseFee: parsePrice({ model: 'flat', amount: '5.00' }) as FlatPrice,
  prices: new Map([
    ['compute', perUnit('0.000463')],
    ['build', perUnit('0.01')],
    ['storage', perUnit('0.25')],
    ['bandwidth', perUnit('0.10')],
  ]),
  allowances: new Map([
    ['compute', includes('500')],
    ['build', includes('500')],
    ['storage', includes('1')],
    ['bandwidth', includes('100')],
    ['domains', includes(null)],
  ]),
};

function used(...meters: [meter: string, quantity: string, more?: Partial<MeterUsage>][]) {
  return new Map(meters.map(([meter, text, more]) => [meter, { entries: [entry(text)], ...more }]));
}

function lines(charges: readonly Charge[]): string[] {
  return charges.map(({ description, quantity: count, minor, meter }) => {
    const counted = count ? ` ${formatRatio(count)}` : '';
    return `${meter ?? 'plan'}: ${description}${counted} = ${formatMoney(money(minor, USD))}`;
  });
}

const total = ({ charges }: Rating) => charges.reduce((sum, charge) => sum + charge.minor, 0n);

describe('rating a month of usage', () => {
  it('bills the plan and what goes beyond it', () => {
    const usage = used(
      ['compute', '600'],
      ['build', '530'],
      ['storage', '2160', { divideBy: ratio(720n) }], // GB-hours shown as GB-months
      ['bandwidth', '120'],
      ['domains', '7'],
    );
    const rating = rateUsage(HOBBY, usage, { final: true });
    expect(lines(rating.charges)).toEqual([
      'plan: Base fee = 5.00',
      'compute: Usage, beyond 500 included 100 = 0.05',
      'build: Usage, beyond 500 included 30 = 0.30',
      'storage: Usage, beyond 1 included 2 = 0.50',
      'bandwidth: Usage, beyond 100 included 20 = 2.00',
    ]);
    expect(total(rating)).toBe(785n);
    expect(rating.unpriced).toEqual([]);
  });

  it('bills the plan alone when nothing is used', () => {
    expect(lines(rateUsage(HOBBY, new Map(), { final: true }).charges)).toEqual(['plan: Base fee = 5.00']);
  });

  it('names what nobody pays for', () => {
    const card = {
      ...HOBBY,
      allowances: new Map([['scans', includes(null, { limit: q('5'), onExceed: 'flag' })]]),
    };
    expect(rateUsage(card, used(['gpu', '1'], ['scans', '9']), { final: true }).unpriced).toEqual(['gpu']);
  });

  it('is cumulative: an invoice bills the charges now less the charges billed', () => {
    const billed = rateUsage(HOBBY, used(['build', '530']), { final: false }).charges;
    const now = rateUsage(HOBBY, used(['build', '560'], ['bandwidth', '101']), { final: true }).charges;
    const due = lineDifference(now, billed);
    expect(due.map(({ key, minor }) => [key, minor])).toEqual([
      ['build/usage', 30n],
      ['bandwidth/usage', 10n],
    ]);
  });
});

describe('an allowance', () => {
  const card = (allowance: Allowance): RateCard => ({
    ...HOBBY,
    baseFee: null,
    prices: new Map([['scans', perUnit('1')]]),
    allowances: new Map([['scans', allowance]]),
  });
  const billed = (allowance: Allowance, text: string, more: Partial<MeterUsage> = {}) =>
    total(rateUsage(card(allowance), used(['scans', text, more]), { final: true }));

  it.each<[string, Allowance, string, bigint]>([
    ['nothing included', includes('0'), '7', 700n],
    ['some included', includes('5'), '7', 200n],
    ['all included', includes(null), '7', 0n],
    ['a limit alone is included', includes(null, { limit: q('5') }), '7', 200n],
    ['a limit above the included amount', includes('2', { limit: q('5') }), '7', 500n],
    ['flagged beyond the limit', includes('2', { limit: q('5'), onExceed: 'flag' }), '7', 300n],
    ['flagged beyond what is included', includes('2', { onExceed: 'flag' }), '7', 0n],
    [
      'refused beyond the limit, yet counted',
      includes('2', { limit: q('5'), onExceed: 'refuse' }),
      '7',
      500n,
    ],
  ])('%s', (_, allowance, text, cents) => {
    expect(billed(allowance, text)).toBe(cents);
  });

  it('grows by what was carried over', () => {
    expect(billed(includes('5'), '7', { carriedOver: ratio(3n, 2n) })).toBe(50n);
  });

  it('looks at the limit of the whole period in a segment of it', () => {
    const flagged = includes('0', { limit: q('10'), onExceed: 'flag' });
    expect(billed(flagged, '7', { usedEarlier: ratio(8n) })).toBe(200n);
    expect(billed(flagged, '7', { usedEarlier: ratio(12n) })).toBe(0n);
  });

  it('shrinks with the segment, as the base fee does (rule 9b)', () => {
    const rating = rateUsage(HOBBY, used(['build', '200']), { final: true, share: ratio(1n, 5n) });
    expect(lines(rating.charges)).toEqual([
      'plan: Base fee = 1.00',
      'build: Usage, beyond 100 included 100 = 1.00',
    ]);
  });

  it('is in units of the meter, before the price converts them', () => {
    const price = parsePrice({
      model: 'per_unit',
      unit_amount: '1',
      unit_conversion: { divide_by: '10', round: 'up' },
    });
    const blocks = { ...card(includes('25')), prices: new Map([['scans', price]]) };
    const cents = (text: string) => total(rateUsage(blocks, used(['scans', text]), { final: true }));
    expect([cents('25'), cents('26'), cents('35'), cents('36')]).toEqual([0n, 100n, 100n, 200n]);
  });
});

describe('splitting and carrying over', () => {
  it.each([
    ['7', '5', '5', '2'],
    ['5', '5', '5', '0'],
    ['3', '5', '3', '0'],
    ['3', '0', '0', '3'],
  ])('%s of %s: %s covered, %s over', (text, included, covered, overage) => {
    expect(splitAllowance(q(text), q(included))).toEqual({ covered: q(covered), overage: q(overage) });
  });

  it('without a bound everything is covered', () => {
    expect(splitAllowance(q('3'), null)).toEqual({ covered: q('3'), overage: 0n });
  });

  it.each([
    ['lapses unless it says otherwise', null, 0n],
    ['hands all on', { maximum: null }, 8n],
    ['hands on no more than its maximum', { maximum: q('3') }, 3n],
  ])('%s', (_, rollover, left) => {
    const carried = carryOver(rollover, { included: ratio(10n), used: ratio(2n) });
    expect(compareRatios(carried, ratio(left))).toBe(0);
    expect(carryOver(rollover, { included: ratio(10n), used: ratio(12n) }).numerator).toBe(0n);
  });
});

describe('laws of rating', () => {
  const units = fc.bigInt({ min: 0n, max: 10n ** 24n }).map(quantity);

  it('included + overage = used', () => {
    fc.assert(
      fc.property(units, fc.option(units), (amount, included) => {
        const { covered, overage } = splitAllowance(amount, included);
        expect(covered + overage).toBe(amount);
        expect(covered >= 0n && overage >= 0n).toBe(true);
        if (included !== null) expect(covered <= included).toBe(true);
      }),
    );
  });

  it('an allowance of a plan and an included quantity of its price cost the same', () => {
    fc.assert(
      fc.property(anyPrice, anyUsage, fc.bigInt({ min: 0n, max: 300n }), (json, entries, whole) => {
        const included = `${whole}`;
        const plain = { ...json, unit_conversion: null, included_quantity: '0' };
        const [stated, allowed] = [parsePrice({ ...plain, included_quantity: included }), parsePrice(plain)];
        const usage = new Map([['m', { entries }]]);
        const card: RateCard = { currency: USD, baseFee: null, prices: new Map(), allowances: new Map() };
        const a = rateUsage({ ...card, prices: new Map([['m', stated]]) }, usage, { final: true });
        const b = rateUsage(
          { ...card, prices: new Map([['m', allowed]]), allowances: new Map([['m', includes(included)]]) },
          usage,
          { final: true },
        );
        expect(total(a)).toBe(total(b));
      }),
    );
  });

  it('a flag charges as if use had stopped at the limit', () => {
    const limit = fc.bigInt({ min: 0n, max: 600n });
    fc.assert(
      fc.property(units, limit, (amount, most) => {
        const allowance = includes('0', { limit: quantity(most * ONE), onExceed: 'flag' });
        const card = {
          ...HOBBY,
          prices: new Map([['m', perUnit('0.01')]]),
          allowances: new Map([['m', allowance]]),
        };
        const stopped = quantity(amount < most * ONE ? amount : most * ONE);
        const charge = (value: bigint) =>
          total(
            rateUsage(card, new Map([['m', { entries: [{ quantity: quantity(value) }] }]]), { final: true }),
          );
        expect(charge(amount)).toBe(charge(stopped));
      }),
    );
  });

  it('charges have keys of their own', () => {
    fc.assert(
      fc.property(anyPrice, anyPrice, anyUsage, (first, second, entries) => {
        const prices = new Map([
          ['a', parsePrice(first)],
          ['b', parsePrice(second)],
        ]);
        const usage = new Map([
          ['a', { entries }],
          ['b', { entries }],
        ]);
        const { charges } = rateUsage({ ...HOBBY, prices, allowances: new Map() }, usage, { final: true });
        expect(new Set(charges.map(({ key }) => key)).size).toBe(charges.length);
      }),
    );
  });
});
