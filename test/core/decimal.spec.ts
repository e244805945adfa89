import fc from 'fast-check';
import { readDecimal, writeDecimal } from '../../src/core/decimal';

describe('decimals of other people', () => {
  it.each<[string, number, bigint]>([
    ['12', 2, 1200n],
    ['12.', 2, 1200n],
    ['-0.50', 2, -50n],
    ['+1.5', 1, 15n],
    ['3.000E-8', 15, 30_000_000n],
    ['2.5e3', 0, 2500n],
    ['0.10', 1, 1n],
    ['1000E-3', 0, 1n],
    ['0E-40', 2, 0n],
    ['-0', 2, 0n],
  ])('%s at %i places is %s', (text, places, units) => {
    expect(readDecimal(text, places)).toBe(units);
  });

  it.each(['', 'NULL', '1,5', '.5', ' 1', '0x10', '1e', 'NaN', '1e999', '٣'])('%s is none', (text) => {
    expect(readDecimal(text, 15)).toBeNull();
  });

  it.each(['0.001', '1E-3', '1.999'])('%s has a digit below the second place', (text) => {
    expect(readDecimal(text, 2)).toBeNull();
  });

  it.each<[bigint, string]>([
    [0n, '0'],
    [-5n, '-0.05'],
    [100n, '1'],
    [1230n, '12.3'],
  ])('%s hundredths are written %s', (units, text) => {
    expect(writeDecimal(units, 2)).toBe(text);
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
        fc.integer({ min: 1, max: 30 }),
        (units, places) => {
          expect(readDecimal(writeDecimal(units, places), places)).toBe(units);
        },
      ),
    );
  });

  it('reads an exponent as a shift of the point', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -9_999, max: 9_999 }),
        fc.integer({ min: -20, max: 20 }),
        (digits, exponent) => {
          expect(readDecimal(`${digits}E${exponent}`, 30)).toBe(
            BigInt(digits) * 10n ** BigInt(30 + exponent),
          );
        },
      ),
    );
  });
});
