import fc from 'fast-check';
import { applyDiscounts, type Discount } from '../../src/core/discount';
import { parseQuantity } from '../../src/core/quantity';

const percent = (text: string): Discount => ({ name: `${text} %`, percent: parseQuantity(text) });
const fixed = (minor: bigint): Discount => ({ name: 'fixed', minor });

describe('discounts', () => {
  it.each<[string, [lines: bigint[], discounts: Discount[]], [minors: bigint[], perLine: bigint[][]]]>([
    ['10 % of 10.00', [[1000n], [percent('10')]], [[100n], [[100n]]]],
    ['2.00 off two lines of 3.00 and 1.00', [[300n, 100n], [fixed(200n)]], [[200n], [[150n, 50n]]]],
    ['a cent over two equal lines: the first', [[500n, 500n], [fixed(1n)]], [[1n], [[1n, 0n]]]],
    ['never more than there is', [[300n], [fixed(500n)]], [[300n], [[300n]]]],
    [
      'one after the other',
      [[1000n], [percent('50'), percent('50')]],
      [
        [500n, 250n],
        [[500n], [250n]],
      ],
    ],
    [
      'a line that gives money back gave it with the percent taken off',
      [[1000n, -400n], [percent('10')]],
      [[60n], [[100n, -40n]]],
    ],
    ['and nothing of a fixed amount', [[1000n, -400n], [fixed(100n)]], [[100n], [[100n, 0n]]]],
    ['nothing to take from', [[0n, -5n], [fixed(100n)]], [[0n], [[0n, 0n]]]],
    ['no lines', [[], [percent('10')]], [[0n], [[]]]],
  ])('%s', (_name, [lines, discounts], [minors, perLine]) => {
    const applied = applyDiscounts(lines, discounts);
    expect(applied.map((each) => each.minor)).toEqual(minors);
    expect(applied.map((each) => each.perLine)).toEqual(perLine);
  });

  it('add up per line and never turn the sign of a line', () => {
    const discount = fc.oneof(
      fc.integer({ min: 0, max: 100 }).map((each) => percent(String(each))),
      fc.bigInt(0n, 10_000n).map(fixed),
    );
    const lines = fc.array(fc.bigInt(-5_000n, 5_000n), { maxLength: 6 });
    fc.assert(
      fc.property(lines, fc.array(discount, { maxLength: 4 }), (amounts, discounts) => {
        const left = [...amounts];
        for (const { minor, perLine } of applyDiscounts(amounts, discounts)) {
          expect(perLine.reduce((sum, each) => sum + each, 0n)).toBe(minor);
          perLine.forEach((each, i) => (left[i]! -= each));
        }
        left.forEach((each, i) =>
          expect(amounts[i]! > 0n ? each >= 0n : each >= amounts[i]! && each <= 0n).toBe(true),
        );
      }),
    );
  });
});
