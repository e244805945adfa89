import fc from 'fast-check';
import { allocate } from '../../src/core/allocation';
import { DomainError } from '../../src/core/errors';
import {
  addMoney,
  CURRENCIES,
  currencyExponent,
  formatMoney,
  minorPerMajor,
  money,
  parseCurrency,
  parseMoney,
  roundToMinor,
  subtractMoney,
} from '../../src/core/money';
import { ratio } from '../../src/core/ratio';

const USD = parseCurrency('USD');
const JPY = parseCurrency('JPY');
const BHD = parseCurrency('BHD');
const CLF = parseCurrency('CLF');

describe('a currency', () => {
  it.each([
    ['USD', 2],
    ['EUR', 2],
    ['GBP', 2],
    ['HUF', 2],
    ['UYU', 2],
    ['XCG', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['ISK', 0],
    ['XOF', 0],
    ['BHD', 3],
    ['KWD', 3],
    ['TND', 3],
    ['CLF', 4],
    ['UYW', 4],
  ])('%s has %d decimals', (code, exponent) => {
    expect(currencyExponent(parseCurrency(code))).toBe(exponent);
  });

  it.each(['usd', 'US', 'USDX', '', 'XXX', 'XTS', 'XAU', 'ABC', 'toString'])('%j is none', (code) => {
    expect(() => parseCurrency(code, 'price.currency')).toThrow(/^price\.currency: /);
  });

  it('is listed once', () => {
    expect(new Set(CURRENCIES).size).toBe(CURRENCIES.length);
    expect(CURRENCIES.every((code) => /^[A-Z]{3}$/.test(code))).toBe(true);
    expect(CURRENCIES.length).toBeGreaterThan(160);
  });
});

describe('money', () => {
  it.each([
    ['12.34', USD, 1234n],
    ['12', USD, 1200n],
    ['-0.5', USD, -50n],
    ['-0', USD, 0n],
    ['1200', JPY, 1200n],
    ['1.234', BHD, 1234n],
    ['0.0001', CLF, 1n],
  ])('reads %s %s', (text, currency, minor) => {
    expect(parseMoney(text, currency)).toEqual({ currency, minor });
  });

  it.each([
    ['12.345', USD],
    ['1.0', JPY],
    ['1e2', USD],
    ['', USD],
    ['.5', USD],
    ['+1', USD],
    ['1.', USD],
  ])('refuses %j %s instead of rounding it', (text, currency) => {
    expect(() => parseMoney(text, currency, 'total')).toThrow(DomainError);
    expect(() => parseMoney(text, currency, 'total')).toThrow(/^total: /);
  });

  it.each([
    [1234n, USD, '12.34'],
    [5n, USD, '0.05'],
    [-5n, USD, '-0.05'],
    [0n, USD, '0.00'],
    [1200n, JPY, '1200'],
    [-7n, JPY, '-7'],
    [7n, BHD, '0.007'],
    [12345n, CLF, '1.2345'],
  ])('writes %s %s as %s', (minor, currency, text) => {
    expect(formatMoney(money(minor, currency))).toBe(text);
  });

  it('adds and subtracts one currency only', () => {
    expect(addMoney(money(150n, USD), money(-25n, USD))).toEqual(money(125n, USD));
    expect(subtractMoney(money(150n, USD), money(175n, USD))).toEqual(money(-25n, USD));
    expect(() => addMoney(money(1n, USD), money(1n, JPY))).toThrow(RangeError);
    expect(() => subtractMoney(money(1n, USD), money(1n, JPY))).toThrow(RangeError);
  });

  it.each([
    [ratio(1005n, 1000n), USD, 101n], // 1.005 is 101 cents, and never 100
    [ratio(-1005n, 1000n), USD, -101n],
    [ratio(10186n, 100_000n), USD, 10n], // 220 × 0.000463
    [ratio(1n, 3n), USD, 33n],
    [ratio(1n, 2n), JPY, 1n],
    [ratio(1n, 3n), BHD, 333n],
    [ratio(1n, 3n), CLF, 3333n],
  ])('rounds %j %s to %s, half away from zero', (amount, currency, minor) => {
    expect(roundToMinor(amount, currency)).toBe(minor);
  });
});

describe('allocation by largest remainder', () => {
  it.each<[bigint, bigint[], bigint[]]>([
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    [5n, [3n, 7n], [2n, 3n]], // 1.5 and 3.5: the earlier one wins the tie
    [10n, [0n, 1n, 0n], [0n, 10n, 0n]],
    [7n, [0n, 0n], [4n, 3n]],
    [-100n, [1n, 1n, 1n], [-34n, -33n, -33n]],
    [1n, [1n, 1n, 2n], [0n, 0n, 1n]],
    [0n, [1n, 2n], [0n, 0n]],
    [0n, [], []],
    [1000n, [50_00n, 30_00n, 20_00n], [500n, 300n, 200n]],
  ])('shares %s by %j', (total, weights, parts) => {
    expect(allocate(total, weights)).toEqual(parts);
  });

  it('refuses what cannot be shared', () => {
    expect(() => allocate(1n, [])).toThrow(RangeError);
    expect(() => allocate(1n, [2n, -1n])).toThrow(RangeError);
  });
});

describe('laws of money', () => {
  const amounts = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n });
  const currencies = fc.constantFrom(...CURRENCIES);

  it('reading what was written gives the same', () => {
    fc.assert(
      fc.property(amounts, currencies, (minor, currency) => {
        fc.pre(minor > -(10n ** 23n) && minor < 10n ** 23n);
        expect(parseMoney(formatMoney(money(minor, currency)), currency)).toEqual({ currency, minor });
      }),
    );
  });

  it('rounding moves an amount by at most half a minor unit', () => {
    fc.assert(
      fc.property(amounts, fc.bigInt({ min: 1n, max: 10n ** 18n }), currencies, (n, d, currency) => {
        const off = roundToMinor(ratio(n, d), currency) * d - n * minorPerMajor(currency);
        expect((off < 0n ? -off : off) * 2n <= d).toBe(true);
      }),
    );
  });

  const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 20 });

  it('the parts add up to the total, and none is off by a whole unit', () => {
    fc.assert(
      fc.property(amounts, weights, (total, shares) => {
        const parts = allocate(total, shares);
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(total);
        const whole = shares.reduce((sum, share) => sum + share, 0n);
        fc.pre(whole > 0n);
        parts.forEach((part, i) => {
          const off = part * whole - total * shares[i]!;
          expect((off < 0n ? -off : off) < whole).toBe(true);
          if (shares[i] === 0n) expect(part).toBe(0n);
        });
      }),
    );
  });

  it('a greater weight never gets less, and the sign only turns the parts', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 12n }), weights, (total, shares) => {
        const parts = allocate(total, shares);
        const byWeight = shares.map((share, i) => ({ share, part: parts[i]! }));
        byWeight.sort((a, b) => (a.share < b.share ? -1 : a.share > b.share ? 1 : a.part < b.part ? -1 : 1));
        byWeight.forEach(({ part }, i) => expect(part >= (byWeight[i - 1]?.part ?? 0n)).toBe(true));
        expect(allocate(-total, shares)).toEqual(parts.map((part) => -part));
      }),
    );
  });
});
