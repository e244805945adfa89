import fc from 'fast-check';
import { DomainError } from '../../src/core/errors';
import {
  formatQuantity,
  formatRatio,
  ONE,
  parseQuantity,
  quantity,
  quantityFromDouble,
  quantityOfRatio,
  quantityRatio,
  ZERO,
} from '../../src/core/quantity';
import { compareRatios, ratio } from '../../src/core/ratio';

const anyQuantity = fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }).map(quantity);

describe('a quantity', () => {
  it.each([
    ['0', 0n],
    ['1', 10n ** 15n],
    ['-1.5', -15n * 10n ** 14n],
    ['0.000000000000001', 1n],
    ['0.00000003', 30_000_000n],
    ['007.10', 71n * 10n ** 14n],
    ['-0', 0n],
    ['99999999999999999999999.999999999999999', 10n ** 38n - 1n],
  ])('reads %s', (text, units) => {
    expect(parseQuantity(text)).toBe(units);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '1\n',
    '+1',
    '1e3',
    '.5',
    '5.',
    '1,000',
    '1_000',
    '0x10',
    'NaN',
    'Infinity',
    '--1',
    '١',
    '0.0000000000000001',
    '100000000000000000000000',
  ])('refuses %j, naming the field', (text) => {
    expect(() => parseQuantity(text, 'events[3].quantity')).toThrow(DomainError);
    expect(() => parseQuantity(text, 'events[3].quantity')).toThrow(/^events\[3\]\.quantity: /);
  });

  it.each([
    [0n, '0'],
    [ONE, '1'],
    [1n, '0.000000000000001'],
    [-1n, '-0.000000000000001'],
    [-(15n * 10n ** 14n), '-1.5'],
    [1000n * ONE, '1000'],
  ])('writes %s as %s', (units, text) => {
    expect(formatQuantity(units)).toBe(text);
  });

  it.each([
    [0.1, '0.1'],
    [1.005, '1.005'],
    [-2.5, '-2.5'],
    [-0, '0'],
    [1e21, '1000000000000000000000'],
    [1.5e-7, '0.00000015'],
    [1e-15, '0.000000000000001'],
    [5e-16, '0.000000000000001'],
    [4.9e-16, '0'],
    [-5e-16, '-0.000000000000001'],
    [5e-324, '0'],
    [0.1 + 0.2, '0.3'],
  ])('reads the double %d as %s', (value, text) => {
    expect(formatQuantity(quantityFromDouble(value))).toBe(text);
  });

  it.each([NaN, Infinity, -Infinity])('refuses the double %d', (value) => {
    expect(() => quantityFromDouble(value, 'level')).toThrow(/^level: /);
  });

  it('rounds a ratio to 15 places, half away from zero', () => {
    expect(quantityOfRatio(ratio(2n, 3n))).toBe(666_666_666_666_667n);
    expect(quantityOfRatio(ratio(-2n, 3n))).toBe(-666_666_666_666_667n);
    expect(formatRatio(ratio(1n, 3n))).toBe('0.333333333333333');
    expect(formatRatio(ratio(1n, 8n))).toBe('0.125');
    expect(formatRatio(ratio(-0n, 8n))).toBe('0');
  });
});

describe('laws of quantities', () => {
  it('reading what was written gives the same', () => {
    fc.assert(fc.property(anyQuantity, (value) => parseQuantity(formatQuantity(value)) === value));
  });

  it('writing is the shortest plain decimal', () => {
    fc.assert(
      fc.property(anyQuantity, (value) => {
        expect(formatQuantity(value)).toMatch(/^(0|-?(0|[1-9]\d*)(\.\d{0,14}[1-9])?)$/);
      }),
    );
  });

  it('as a ratio it is the same', () => {
    fc.assert(fc.property(anyQuantity, (value) => quantityOfRatio(quantityRatio(value)) === value));
  });

  it('a double of at most 15 places that is written plainly is read as it is written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(10 ** 9), max: 10 ** 9 }),
        fc.integer({ min: 0, max: 6 }),
        (n, places) => {
          const value = n / 10 ** places;
          const text = value.toFixed(places);
          expect(quantityFromDouble(value)).toBe(parseQuantity(text));
        },
      ),
    );
  });

  it('any finite double is read to within half a grain of its shortest decimal', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), (value) => {
        const read = quantityFromDouble(value);
        const [digits, exponent] = value.toExponential().split('e') as [string, string];
        const scaled = BigInt(digits.replace('.', ''));
        const places = BigInt(exponent) - BigInt(digits.split('.')[1]?.length ?? 0);
        const exact = places >= 0n ? ratio(scaled * 10n ** places) : ratio(scaled, 10n ** -places);
        const off = ratio(read * exact.denominator - exact.numerator * ONE, exact.denominator);
        const size = off.numerator < 0n ? ratio(-off.numerator, off.denominator) : off;
        expect(compareRatios(size, ratio(1n, 2n))).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('zero is zero', () => {
    expect(parseQuantity('0')).toBe(ZERO);
  });
});
