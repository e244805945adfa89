import fc from 'fast-check';
import { checkListPrice, listCharge, pricedSegments, type ListPrice } from '../../src/core/list-price';
import type { Currency } from '../../src/core/money';
import { parsePrice } from '../../src/core/price-shape';
import { formatRatio } from '../../src/core/quantity';
import { addRatios, compareRatios, ratio, RATIO_ONE, RATIO_ZERO, type Ratio } from '../../src/core/ratio';

const DAY = 86_400_000;
const SEPTEMBER = { from: Date.UTC(2024, 8, 1), to: Date.UTC(2024, 9, 1) };

function version(validFrom: number, price: Record<string, unknown>): ListPrice {
  return { currency: 'USD' as Currency, validFrom, price: parsePrice(price), sku: null };
}

const CENT = version(0, { model: 'per_unit', unit_amount: '0.01' });
const TWO_CENTS = version(SEPTEMBER.from + 10 * DAY, { model: 'per_unit', unit_amount: '0.02' });

function charge(price: ListPrice, before: Ratio, after: Ratio, final = false): string {
  const [segment] = pricedSegments([price], SEPTEMBER);
  return formatRatio(listCharge(segment!, { before, after, divideBy: RATIO_ONE, final })!);
}

describe('a list price', () => {
  it.each(['per_unit', 'graduated', 'volume', 'package'])('may be %s', (model) => {
    const shapes: Record<string, object> = {
      per_unit: { unit_amount: '1' },
      graduated: { tiers: [{ up_to: null, unit_amount: '1' }] },
      volume: { tiers: [{ up_to: null, unit_amount: '1' }] },
      package: { package_size: '1', amount: '1' },
    };
    expect(() => checkListPrice(parsePrice({ model, ...shapes[model] }))).not.toThrow();
  });

  it.each<[string, object]>([
    ['flat', { amount: '5' }],
    ['percentage', { rate: '0.01' }],
    ['dynamic', {}],
  ])('may not be %s, which usage alone does not tell', (model, shape) => {
    expect(() => checkListPrice(parsePrice({ model, ...shape }))).toThrow(
      'must be one of per_unit, graduated, volume, package',
    );
  });
});

describe('a period under versions of a price', () => {
  it('is one segment under one version', () => {
    expect(pricedSegments([CENT], SEPTEMBER)).toEqual([
      { ...SEPTEMBER, version: CENT, share: ratio(BigInt(30 * DAY), BigInt(30 * DAY)) },
    ]);
  });

  it('is cut where the next version begins, which already belongs to it', () => {
    const segments = pricedSegments([CENT, TWO_CENTS], SEPTEMBER);
    expect(segments.map(({ from, to, version: found }) => [from, to, found?.price])).toEqual([
      [SEPTEMBER.from, SEPTEMBER.from + 10 * DAY, CENT.price],
      [SEPTEMBER.from + 10 * DAY, SEPTEMBER.to, TWO_CENTS.price],
    ]);
    expect(segments.map(({ share }) => formatRatio(share))).toEqual([
      '0.333333333333333',
      '0.666666666666667',
    ]);
  });

  it('costs nothing that anybody knows before the first version', () => {
    const segments = pricedSegments([TWO_CENTS], SEPTEMBER);
    expect(segments.map((segment) => segment.version)).toEqual([null, TWO_CENTS]);
    expect(
      listCharge(segments[0]!, { before: RATIO_ZERO, after: RATIO_ONE, divideBy: RATIO_ONE, final: true }),
    ).toBeNull();
  });
});

describe('the charge of a part', () => {
  const tiers = version(0, {
    model: 'graduated',
    tiers: [
      { up_to: '10', unit_amount: '1', flat_amount: '5' },
      { up_to: null, unit_amount: '0.5' },
    ],
  });

  it.each<[string, ListPrice, readonly [bigint, bigint], string]>([
    ['3 units at a cent', CENT, [0n, 3n], '0.03'],
    ['2 more units at a cent', CENT, [3n, 5n], '0.02'],
    ['the first 8 units of a tier with a fee of 5', tiers, [0n, 8n], '13'],
    ['4 more units, 2 of them in the next tier', tiers, [8n, 12n], '3'],
    ['no use, so no fee', tiers, [0n, 0n], '0'],
  ])('%s', (_, price, [before, after], amount) => {
    expect(charge(price, ratio(before), ratio(after))).toBe(amount);
  });

  it('trues a minimum up when the segment ends, and not before', () => {
    const atLeastTen = version(0, { model: 'per_unit', unit_amount: '1', minimum_amount: '10' });
    expect(charge(atLeastTen, RATIO_ZERO, ratio(4n), false)).toBe('4');
    expect(charge(atLeastTen, ratio(4n), ratio(6n), true)).toBe('6');
  });

  it('reads usage in the units of the meter', () => {
    const [segment] = pricedSegments([CENT], SEPTEMBER);
    const used = { before: RATIO_ZERO, after: ratio(7_200n), divideBy: ratio(3_600n), final: true };
    expect(formatRatio(listCharge(segment!, used)!)).toBe('0.02');
  });

  it('adds up to the charge of the whole, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 50n }), { minLength: 1, maxLength: 8 }), (uses) => {
        const [segment] = pricedSegments([tiers], SEPTEMBER);
        let [before, sum] = [RATIO_ZERO, RATIO_ZERO];
        uses.forEach((use, place) => {
          const after = addRatios(before, ratio(use));
          const final = place === uses.length - 1;
          sum = addRatios(sum, listCharge(segment!, { before, after, divideBy: RATIO_ONE, final })!);
          before = after;
        });
        const whole = listCharge(segment!, {
          before: RATIO_ZERO,
          after: before,
          divideBy: RATIO_ONE,
          final: true,
        })!;
        expect(compareRatios(sum, whole)).toBe(0);
      }),
    );
  });
});
