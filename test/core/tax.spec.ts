import fc from 'fast-check';
import { parseQuantity } from '../../src/core/quantity';
import { type TaxRate, taxOfCreditNote, taxSum } from '../../src/core/tax';

const rate = (percent: string, inclusive = false): TaxRate => ({
  name: `tax ${percent}`,
  percent: parseQuantity(percent),
  inclusive,
});

describe('the taxes on a sum', () => {
  it.each<[string, bigint, TaxRate[], [net: bigint, taxes: bigint[], total: bigint]]>([
    ['none', 1000n, [], [1000n, [], 1000n]],
    ['19 % on 10.00', 1000n, [rate('19')], [1000n, [190n], 1190n]],
    ['19 % in 11.90', 1190n, [rate('19', true)], [1000n, [190n], 1190n]],
    ['half a cent away from zero: 5 % of 0.10', 10n, [rate('5')], [10n, [1n], 11n]],
    ['and below zero', -10n, [rate('5')], [-10n, [-1n], -11n]],
    [
      'two rates side by side, each on the net',
      10_000n,
      [rate('5'), rate('9.975')],
      [10_000n, [500n, 998n], 11_498n],
    ],
    [
      'an exclusive rate on the net of an inclusive one',
      1190n,
      [rate('19', true), rate('10')],
      [1000n, [190n, 100n], 1290n],
    ],
    [
      'two inclusive ones share to the last cent',
      100n,
      [rate('10', true), rate('10', true)],
      [84n, [8n, 8n], 100n],
    ],
    ['zero per cent', 1000n, [rate('0')], [1000n, [0n], 1000n]],
  ])('%s', (_name, sum, rates, [net, taxes, total]) => {
    const taxed = taxSum(sum, rates);
    expect([taxed.net, taxed.taxes.map(({ minor }) => minor), taxed.total]).toEqual([net, taxes, total]);
  });

  it('add up, and inclusive ones leave the sum as it is', () => {
    const rates = fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.boolean()), { maxLength: 4 });
    fc.assert(
      fc.property(fc.bigInt(-1_000_000n, 1_000_000n), rates, (sum, drawn) => {
        const all = drawn.map(([hundredths, inclusive]) => rate((hundredths / 100).toString(), inclusive));
        const { net, taxes, total } = taxSum(sum, all);
        expect(taxes.reduce((added, { minor }) => added + minor, net)).toBe(total);
        if (all.every((each) => each.inclusive)) expect(total).toBe(sum);
      }),
    );
  });
});

describe('the tax of credit notes', () => {
  it('is in proportion, and the last one takes what is left', () => {
    const invoice = { net: 1000n, tax: 190n };
    expect(taxOfCreditNote(invoice, { net: 0n, tax: 0n }, 333n)).toBe(63n);
    expect(taxOfCreditNote(invoice, { net: 333n, tax: 63n }, 667n)).toBe(127n);
  });

  it('more than what is left is refused', () => {
    expect(() => taxOfCreditNote({ net: 100n, tax: 19n }, { net: 60n, tax: 11n }, 41n)).toThrow(RangeError);
    expect(() => taxOfCreditNote({ net: 100n, tax: 19n }, { net: 0n, tax: 0n }, -1n)).toThrow(RangeError);
  });

  it('however the notes are cut, they give back the invoice to the last cent and never more on the way', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 500n),
        fc.array(fc.bigInt(0n, 400n), { minLength: 1, maxLength: 12 }),
        (tax, notes) => {
          const invoice = { net: notes.reduce((sum, note) => sum + note, 0n), tax };
          const credited = { net: 0n, tax: 0n };
          for (const net of notes) {
            const back = taxOfCreditNote(invoice, credited, net);
            expect(back >= 0n).toBe(true);
            credited.net += net;
            credited.tax += back;
            expect(credited.tax <= tax).toBe(true);
          }
          expect(credited).toEqual(invoice);
        },
      ),
    );
  });
});
