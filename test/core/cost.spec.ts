import fc from 'fast-check';
import { estimatedMonthly, shareCents, shareOut, spreadCost, sumByKey } from '../../src/core/cost';
import { unitAmountOver, type ListPrice } from '../../src/core/list-price';
import { parseCurrency } from '../../src/core/money';
import { monthsUntil } from '../../src/core/month';
import { PLAIN_TERMS } from '../../src/core/price';
import { ONE, parseQuantity } from '../../src/core/quantity';
import { compareRatios, ratio, sumRatios } from '../../src/core/ratio';
import { plainUuid } from '../../src/core/uuid';

const HOUR = 3_600_000;

describe('estimatedMonthly', () => {
  it.each([
    ['a day of 0.8463 (W-35)', ratio(8463n, 10_000n), 24, ratio(25_389n, 1_000n)],
    ['720 hours are the month', ratio(7n), 720, ratio(7n)],
    ['744 hours are more than it', ratio(31n), 744, ratio(30n)],
    ['nothing lasts no time', ratio(7n), 0, ratio(0n)],
  ])('%s', (_case, total, hours, expected) => {
    const estimate = estimatedMonthly(total, { from: HOUR, to: HOUR + hours * HOUR });
    expect(compareRatios(estimate, expected)).toBe(0);
  });
});

describe('sharing cents', () => {
  it('W-80: what each rounds to nothing adds up to the whole', () => {
    const days = Array.from({ length: 30 }, () => ratio(463n, 100_000n));
    const { total, parts } = shareCents(days);
    expect(total).toBe(14n);
    expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(14n);
    expect(new Set(parts)).toEqual(new Set([0n, 1n]));
  });

  it('gives the odd cent to who lost most', () => {
    expect(shareCents([ratio(1n, 300n), ratio(2n, 300n), ratio(0n)])).toEqual({
      total: 1n,
      parts: [0n, 1n, 0n],
    });
  });

  it('adds up whatever the parts are, each within one of its exact share', () => {
    const amount = fc
      .tuple(fc.bigInt(0n, 10n ** 20n), fc.bigInt(1n, 10n ** 15n))
      .map(([numerator, denominator]) => ratio(numerator, denominator));
    fc.assert(
      fc.property(fc.array(amount, { maxLength: 20 }), (amounts) => {
        const { total, parts } = shareCents(amounts);
        const whole = sumRatios(amounts);
        expect(parts).toHaveLength(amounts.length);
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(total);
        parts.forEach((part, place) => {
          const exact = amounts[place]!;
          if (whole.numerator === 0n) return expect(part).toBe(0n);
          // part · whole against total · exact: the share without its fraction, or one more.
          const share = ratio(
            total * exact.numerator * whole.denominator,
            exact.denominator * whole.numerator,
          );
          expect(
            compareRatios(ratio(part), ratio(share.numerator + share.denominator, share.denominator)),
          ).toBeLessThan(0);
          expect(compareRatios(ratio(part + 1n), share)).toBeGreaterThan(0);
        });
      }),
    );
  });

  it('shares nothing among nobody', () => {
    expect(shareOut(0n, [])).toEqual([]);
  });
});

describe('unitAmountOver', () => {
  const USD = parseCurrency('USD');
  const price = (amount: string, validFrom = 0, terms = {}): ListPrice => ({
    ...{ currency: USD, validFrom, sku: null },
    price: { ...PLAIN_TERMS, model: 'per_unit', amount: parseQuantity(amount), perQuantity: ONE, ...terms },
  });
  const over = (versions: ListPrice[]) => {
    const amount = unitAmountOver(versions, { from: 10, to: 20 });
    return amount && Number(amount.numerator) / Number(amount.denominator);
  };

  it.each<[string, ListPrice[], number | null]>([
    ['nobody has said', [], 0],
    ['one price since ever', [price('0.5')], 0.5],
    ['one that ended', [price('1'), price('2', 10)], 2],
    ['one that comes later', [price('1'), price('2', 20)], 1],
    ['the first comes later', [price('2', 20)], 0],
    ['it changes inside', [price('1'), price('2', 15)], null],
    ['it begins inside', [price('1', 15)], null],
    ['a minimum', [price('1', 0, { minimumAmount: ONE })], null],
    ['something included', [price('1', 0, { includedQuantity: ONE })], null],
  ])('%s', (_case, versions, expected) => expect(over(versions)).toBe(expected));
});

describe('monthsUntil', () => {
  it('W-58: the running month up to now, then whole ones', () => {
    const months = monthsUntil(new Date('2026-01-15T00:00:00Z'), 3);
    const days = months.map(({ from, to }) =>
      [from, to].map((at) => new Date(at).toISOString().slice(0, 10)),
    );
    expect(days).toEqual([
      ['2026-01-01', '2026-01-15'],
      ['2025-12-01', '2026-01-01'],
      ['2025-11-01', '2025-12-01'],
    ]);
  });
});

describe('plainUuid', () => {
  const PLAIN = '0f8fad5b-d9cb-469f-a165-70867728950e';
  it.each([
    [PLAIN, PLAIN],
    [`{${PLAIN.toUpperCase()}}`, PLAIN],
    [`urn:uuid:${PLAIN}`, PLAIN],
    [PLAIN.replaceAll('-', ''), PLAIN],
    [`{${PLAIN}`, null],
    [`${PLAIN} `, null],
    ['bad-uuid', null],
    ['', null],
  ])('%s', (text, expected) => expect(plainUuid(text)).toBe(expected));
});

describe('spreadCost', () => {
  const spread = (cost: bigint, usage: bigint, parts: [string, bigint][]) =>
    spreadCost(
      { cost: ratio(cost), usage: ratio(usage) },
      parts.map(([key, amount]) => ({ key, amount: ratio(amount) })),
      'rest',
    ).map(({ key, amount }) => [key, Number(amount.numerator) / Number(amount.denominator)]);

  it.each<[string, bigint, bigint, [string, bigint][], [string, number][]]>([
    [
      'in proportion',
      12n,
      6n,
      [
        ['a', 2n],
        ['b', 4n],
      ],
      [
        ['a', 4],
        ['b', 8],
      ],
    ],
    [
      'what no part accounts for',
      12n,
      6n,
      [['a', 2n]],
      [
        ['a', 4],
        ['rest', 8],
      ],
    ],
    [
      'parts beyond the usage',
      12n,
      3n,
      [
        ['a', 2n],
        ['b', 4n],
      ],
      [
        ['a', 4],
        ['b', 8],
      ],
    ],
    ['no parts', 12n, 6n, [], [['rest', 12]]],
    ['a cost of nothing used', 12n, 0n, [], [['rest', 12]]],
  ])('%s', (...[, cost, usage, parts, expected]) => expect(spread(cost, usage, parts)).toEqual(expected));

  it('adds up what has one name', () => {
    const named = [
      { key: 'b', amount: ratio(1n) },
      { key: 'a', amount: ratio(1n, 2n) },
      { key: 'b', amount: ratio(2n) },
    ];
    expect(sumByKey(named).map(({ key, amount }) => [key, amount.numerator])).toEqual([
      ['b', 3n],
      ['a', 1n],
    ]);
  });
});
