import { bill } from './bill';
import { sumOfLines } from '../../src/core/line';
import { parsePrice } from '../../src/core/price-shape';
import { formatRatio, ONE, quantity } from '../../src/core/quantity';
import { ratePrice } from '../../src/core/rate-price';

const UNIT = { model: 'per_unit', unit_amount: '1' };
const GRADUATED = {
  model: 'graduated',
  tiers: [
    { up_to: '5', unit_amount: '0', flat_amount: '100' },
    { up_to: null, unit_amount: '1' },
  ],
};
const VOLUME = {
  model: 'volume',
  tiers: [
    { up_to: '100', unit_amount: '0.10' },
    { up_to: null, unit_amount: '0.05', flat_amount: '1' },
  ],
};

describe('a calculation over what was billed before', () => {
  it('bills the difference, line by line', () => {
    expect(bill(GRADUATED, ['4'], { before: ['3'] }).lines).toEqual([
      'tier-1 2 × 0 = 0.00',
      'tier-2 2 × 1 = 2.00',
    ]);
  });

  it('leaves out the lines that did not move', () => {
    expect(bill(GRADUATED, ['2'], { before: ['7'] }).lines).toEqual(['tier-2 2 × 1 = 2.00']);
    expect(bill({ model: 'flat', amount: '5' }, ['9'], { before: ['1'] })).toEqual({
      lines: [],
      exact: '0',
      amount: '0.00',
    });
  });

  it('bills a flat fee in the first part, even when that had no use', () => {
    expect(bill(GRADUATED, [], { final: false }).lines).toEqual(['tier-1-flat = 100.00']);
    expect(bill(GRADUATED, ['7'], { before: ['0'] }).lines).toEqual([
      'tier-1 5 × 0 = 0.00',
      'tier-2 2 × 1 = 2.00',
    ]);
  });

  it('opens a package only when the total needs it', () => {
    const price = { model: 'package', package_size: '100', amount: '5' };
    expect(bill(price, ['40'], { before: ['60'] }).lines).toEqual([]);
    expect(bill(price, ['41'], { before: ['60'] }).lines).toEqual(['packages 1 × 5 = 5.00']);
  });

  it('corrects a volume price in one line, because no price per unit explains it', () => {
    expect(bill(VOLUME, ['100'], { final: false }).lines).toEqual(['usage 100 × 0.1 = 10.00']);
    expect(bill(VOLUME, ['50'], { before: ['100'] })).toEqual({
      lines: ['usage 50 = -2.50', 'tier-flat = 1.00'], // 150 × 0.05 = 7.50 were due, 10.00 are billed
      exact: '-1.5',
      amount: '-1.50',
    });
  });

  it('trues up at the end only, against everything that was billed', () => {
    const price = { ...UNIT, minimum_amount: '100' };
    expect(bill(price, ['30'], { final: false }).amount).toBe('30.00');
    expect(bill(price, ['20'], { before: ['30'] }).lines).toEqual([
      'usage 20 × 1 = 20.00',
      'minimum = 50.00',
    ]);
    expect(bill(price, [], { before: ['30', '20'] }).lines).toEqual(['minimum = 50.00']);
    expect(bill(price, ['90'], { before: ['30'] }).lines).toEqual(['usage 90 × 1 = 90.00']);
  });

  it('stops at a cap', () => {
    const price = { ...UNIT, maximum_amount: '50' };
    expect(bill(price, ['30'], { before: ['40'] }).lines).toEqual([
      'usage 30 × 1 = 30.00',
      'maximum = -20.00',
    ]);
    expect(bill(price, ['30'], { before: ['70'] }).amount).toBe('0.00');
  });

  it('rounds what is due so far, so that the parts of a cent are billed when they make one', () => {
    const price = { model: 'per_unit', unit_amount: '0.004' };
    const parts = [
      bill(price, ['1'], { final: false }),
      bill(price, ['1'], { before: ['1'], final: false }),
      bill(price, ['1'], { before: ['1', '1'] }),
    ];
    expect(parts.map((part) => part.amount)).toEqual(['0.00', '0.01', '0.00']); // 0.004, 0.008, 0.012
    expect(bill(price, ['3']).amount).toBe('0.01');
  });

  it('counts the free events of the whole period', () => {
    const price = { model: 'percentage', rate: '0.01', free_events: 2 };
    expect(
      bill(
        price,
        [
          ['1', '100'],
          ['1', '100'],
        ],
        { before: [['1', '100']] },
      ).lines,
    ).toEqual(['percentage 100 × 0.01 = 1.00']);
  });

  it('takes back what a correction left undue', () => {
    expect(bill(UNIT, ['-4'], { before: ['10'] }).lines).toEqual(['usage -4 × 1 = -4.00']);
  });
});

describe('a currency', () => {
  it.each([
    ['JPY', '1'],
    ['USD', '1.01'],
    ['BHD', '1.005'],
    ['CLF', '1.0050'],
  ])('%s rounds at its own exponent', (currency, amount) => {
    expect(bill({ ...UNIT, unit_amount: '1.005' }, ['1'], { currency })).toMatchObject({
      exact: '1.005',
      amount,
    });
  });
});

describe('exactness', () => {
  it('a million amounts are what bigint says they are', () => {
    const usage = Array.from({ length: 1_000_000 }, (_, i) => ({
      quantity: ONE,
      amount: quantity(BigInt(i)),
    }));
    const exact = (price: Record<string, unknown>) =>
      formatRatio(sumOfLines(ratePrice(parsePrice(price), usage)));
    // 0 + 1 + … + 999,999 grains of 10⁻¹⁵
    expect(exact({ model: 'dynamic' })).toBe('0.0004999995');
    expect(exact({ model: 'percentage', rate: '0.5' })).toBe('0.00024999975');
    expect(exact({ model: 'per_unit', unit_amount: '0.000000000000001' })).toBe('0.000000001');
  });

  it('a total is the sum of rounded lines', () => {
    const tiers = ['1', '2', null].map((up_to) => ({ up_to, unit_amount: '0.005' }));
    expect(bill({ model: 'graduated', tiers }, ['3'])).toMatchObject({ exact: '0.015', amount: '0.03' });
  });
});
