import { bill, entries, type Written } from './bill';
import { sumOfLines } from '../../src/core/line';
import { parsePrice } from '../../src/core/price-shape';
import { formatRatio, parseQuantity } from '../../src/core/quantity';
import { ratePrice } from '../../src/core/rate-price';
import { ratio } from '../../src/core/ratio';

const UNIT = { model: 'per_unit', unit_amount: '1' };
const GB = '1073741824';

function amount(price: Record<string, unknown>, ...usage: Written[]): string {
  return bill(price, usage).amount;
}

describe('included quantity', () => {
  it('is taken off before the price', () => {
    const price = { ...UNIT, included_quantity: '10' };
    expect(bill(price, ['22']).lines).toEqual(['usage 12 × 1 = 12.00']);
    expect(amount(price, '10')).toBe('0.00');
    expect(amount(price, '3')).toBe('0.00'); // below zero counts as zero
  });

  it('moves the tiers: included units fill none of them', () => {
    const tiers = [
      { up_to: '10', unit_amount: '2' },
      { up_to: null, unit_amount: '1' },
    ];
    expect(amount({ model: 'graduated', tiers, included_quantity: '5' }, '17')).toBe('22.00'); // 10 × 2 + 2 × 1
    expect(amount({ model: 'volume', tiers, included_quantity: '5' }, '15')).toBe('20.00'); // 10 in the first tier
    expect(amount({ model: 'package', package_size: '10', amount: '3', included_quantity: '5' }, '15')).toBe(
      '3.00',
    );
  });

  it('covers the first events, and a part of the one that exhausts it', () => {
    const dynamic = { model: 'dynamic', included_quantity: '3' };
    expect(
      bill(dynamic, [
        ['2', '10'],
        ['2', '8'],
        ['1', '5'],
      ]).lines,
    ).toEqual(['events 2 = 9.00']); // half of 8, and 5
    const percentage = { model: 'percentage', rate: '0.1', fixed_amount: '1', included_quantity: '1' };
    expect(amount(percentage, ['1', '100'], ['1', '50'])).toBe('6.00');
  });

  it('does not cover an event without a quantity', () => {
    expect(amount({ model: 'dynamic', included_quantity: '3' }, ['0', '7'], ['3', '9'])).toBe('7.00');
  });

  it('of a matrix goes to whoever comes first', () => {
    const cells = [{ region: 'eu', unit_amount: '2' }];
    const price = {
      model: 'matrix',
      dimensions: ['region'],
      cells,
      default_unit_amount: '1',
      included_quantity: '4',
    };
    expect(
      bill(price, [{ quantity: '3', region: 'eu' }, '3', { quantity: '1', region: 'eu' }]).lines,
    ).toEqual(['cell ["eu"] 1 × 2 = 2.00', 'default 2 × 1 = 2.00']);
  });

  it('means nothing to a flat price', () => {
    expect(amount({ model: 'flat', amount: '5', included_quantity: '10' }, '3')).toBe('5.00');
  });
});

describe('usage discount', () => {
  it('in units comes after what is included', () => {
    expect(amount({ ...UNIT, included_quantity: '10', usage_discount: { quantity: '5' } }, '22')).toBe(
      '7.00',
    );
    expect(amount({ ...UNIT, included_quantity: '10', usage_discount: { quantity: '5' } }, '12')).toBe(
      '0.00',
    );
  });

  it('in percent is taken off the amount of every line', () => {
    const price = { ...UNIT, included_quantity: '2', usage_discount: { percent: '10' } };
    expect(bill(price, ['22']).lines).toEqual(['usage 20 × 0.9 = 18.00']);
    const tiers = [
      { up_to: '5', unit_amount: '2', flat_amount: '10' },
      { up_to: null, unit_amount: '1' },
    ];
    // 10 + 10 + 10 less a quarter; the quantity that finds the tiers is not discounted.
    expect(amount({ model: 'graduated', tiers, usage_discount: { percent: '25' } }, '15')).toBe('22.50');
  });

  it('of 100 % leaves nothing, not even a cent of rounding', () => {
    const tiers = [
      { up_to: '1', unit_amount: '0.335' },
      { up_to: '2', unit_amount: '0.335' },
      { up_to: null, unit_amount: '0.335' },
    ];
    expect(amount({ model: 'graduated', tiers, usage_discount: { percent: '100' } }, '3')).toBe('0.00');
  });

  it('comes before minimum and cap', () => {
    const half = { ...UNIT, usage_discount: { percent: '50' } };
    expect(amount({ ...half, minimum_amount: '8' }, '10')).toBe('8.00');
    expect(amount({ ...half, maximum_amount: '8' }, '10')).toBe('5.00');
  });
});

describe('unit conversion', () => {
  it('is applied to the cumulative quantity', () => {
    const price = { ...UNIT, unit_conversion: { divide_by: GB, round: 'up' } };
    expect(bill(price, [GB]).lines).toEqual(['usage 1 × 1 = 1.00']);
    // Four quarters are one GB, not four.
    expect(amount(price, '268435456', '268435456', '268435456', '268435456')).toBe('1.00');
    expect(amount(price, '1073741825')).toBe('2.00');
    expect(amount(price, '0')).toBe('0.00');
  });

  it('without rounding stays exact', () => {
    const price = { ...UNIT, unit_conversion: { divide_by: '3' } };
    expect(bill(price, ['1', '1', '1']).lines).toEqual(['usage 1 × 1 = 1.00']);
    expect(bill(price, ['1']).exact).toBe('0.333333333333333');
  });

  it('comes first: included quantities and bounds are in units of the price', () => {
    const price = { ...UNIT, unit_conversion: { divide_by: '1000', round: 'up' }, included_quantity: '2' };
    expect(amount(price, '2000')).toBe('0.00');
    expect(amount(price, '2001')).toBe('1.00');
  });

  it('rounds what remains to be paid, so that whole units are billed under a part of an allowance too', () => {
    const price = { ...UNIT, unit_conversion: { divide_by: '1', round: 'up' }, included_quantity: '0.5' };
    expect(amount(price, '0.4')).toBe('0.00');
    expect(amount(price, '1.2')).toBe('1.00');
  });

  it('rounds a matrix per cell', () => {
    const price = {
      model: 'matrix',
      dimensions: ['region'],
      cells: [{ region: 'eu', unit_amount: '2' }],
      default_unit_amount: '1',
      unit_conversion: { divide_by: '10', round: 'up' },
    };
    expect(bill(price, [{ quantity: '11', region: 'eu' }, '1', '1']).lines).toEqual([
      'cell ["eu"] 2 × 2 = 4.00',
      'default 1 × 1 = 1.00',
    ]);
  });
});

describe('minimum and maximum', () => {
  it('a minimum is trued up in a line of its own', () => {
    expect(bill({ ...UNIT, minimum_amount: '100' }, ['30']).lines).toEqual([
      'usage 30 × 1 = 30.00',
      'minimum = 70.00',
    ]);
    expect(bill({ ...UNIT, minimum_amount: '100' }, []).lines).toEqual(['minimum = 100.00']);
    expect(bill({ ...UNIT, minimum_amount: '100' }, ['100']).lines).toEqual(['usage 100 × 1 = 100.00']);
    expect(amount({ ...UNIT, minimum_amount: '100' }, '130')).toBe('130.00');
  });

  it('a minimum waits for the end of the period, a cap does not', () => {
    expect(bill({ ...UNIT, minimum_amount: '100' }, ['30'], { final: false }).amount).toBe('30.00');
    expect(bill({ ...UNIT, maximum_amount: '20' }, ['30'], { final: false }).lines).toEqual([
      'usage 30 × 1 = 30.00',
      'maximum = -10.00',
    ]);
  });

  it('are kept to the cent although every line is rounded', () => {
    const tiers = ['1', '2', null].map((up_to) => ({ up_to, unit_amount: '1.115' }));
    const graduated = { model: 'graduated', tiers };
    expect(amount(graduated, '3')).toBe('3.36'); // three lines of 1.12
    expect(amount({ ...graduated, maximum_amount: '3' }, '3')).toBe('3.00');
    expect(amount({ ...graduated, maximum_amount: '3.35' }, '3')).toBe('3.35'); // 3.345 is below the cap, 3.36 is not
    const low = ['1', '2', null].map((up_to) => ({ up_to, unit_amount: '1.114' }));
    expect(amount({ model: 'graduated', tiers: low, minimum_amount: '10' }, '3')).toBe('10.00');
  });

  it('do not touch a total between them', () => {
    const price = { ...UNIT, minimum_amount: '9.99', maximum_amount: '10.01' };
    expect(bill(price, ['10']).lines).toEqual(['usage 10 × 1 = 10.00']);
  });

  it('both may be the same amount', () => {
    const fixed = { ...UNIT, minimum_amount: '50', maximum_amount: '50' };
    expect([amount(fixed), amount(fixed, '50'), amount(fixed, '80')]).toEqual(['50.00', '50.00', '50.00']);
  });
});

describe('a total below zero', () => {
  it('rates as zero', () => {
    expect(amount(UNIT, '5', '-7')).toBe('0.00');
    expect(bill({ model: 'dynamic' }, [['1', '-5']]).lines).toEqual(['events 1 = -5.00', 'zero = 5.00']);
    expect(amount({ model: 'percentage', rate: '0.1' }, ['1', '-5'])).toBe('0.00');
  });
});

describe('a part of a period', () => {
  const exact = (price: Record<string, unknown>, used: string, share = ratio(1n, 3n)) =>
    formatRatio(sumOfLines(ratePrice(parsePrice(price), entries([used]), { share })));

  it('shrinks whatever stands for a whole period', () => {
    expect(exact({ model: 'flat', amount: '30' }, '0')).toBe('10');
    expect(exact({ model: 'flat', amount: '30', prorated: false }, '0')).toBe('30');
    expect(exact({ ...UNIT, included_quantity: '30' }, '12')).toBe('2');
    expect(exact({ ...UNIT, usage_discount: { quantity: '30' } }, '12')).toBe('2');
    expect(exact({ ...UNIT, minimum_amount: '30' }, '1')).toBe('10');
    expect(exact({ ...UNIT, maximum_amount: '30' }, '11')).toBe('10');
    const tiers = [
      { up_to: '30', unit_amount: '2', flat_amount: '3' },
      { up_to: null, unit_amount: '1' },
    ];
    expect(exact({ model: 'graduated', tiers }, '12')).toBe('23'); // 10 × 2 + 1, then 2 × 1
    expect(exact({ model: 'volume', tiers }, '12')).toBe('12');
    expect(exact({ model: 'percentage', rate: '0.5', free_amount: '30' }, '12')).toBe('1');
  });

  it('leaves what is sold by the piece', () => {
    expect(exact({ model: 'package', package_size: '30', amount: '5' }, '12')).toBe('5');
    expect(exact(UNIT, '12')).toBe('12');
  });

  it('keeps whole free events', () => {
    const price = parsePrice({ model: 'percentage', rate: '0', fixed_amount: '1', free_events: 5 });
    const events = entries([
      ['1', '9'],
      ['1', '9'],
      ['1', '9'],
    ]);
    expect(formatRatio(sumOfLines(ratePrice(price, events, { share: ratio(1n, 3n) })))).toBe('2'); // one of 5/3 is free
  });
});

describe('a meter in base units', () => {
  it('is priced in the units it shows: three times 40 minutes of 1 GB are 2 GB-hours', () => {
    const levelMs = { quantity: parseQuantity('2400000') };
    const lines = ratePrice(parsePrice(UNIT), [levelMs, levelMs, levelMs], { divideBy: ratio(3_600_000n) });
    expect(formatRatio(sumOfLines(lines))).toBe('2');
  });
});

it('a dynamic price needs the amount of each event', () => {
  expect(() => bill({ model: 'dynamic' }, [['1', '2'], '1'])).toThrow(/^usage\[1\]\.amount: /);
});
