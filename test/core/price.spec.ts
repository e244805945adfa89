import { bill, type Written } from './bill';

type Row = [usage: Written[], lines: string[], amount: string];

/** One price, and what it bills for one usage after another. */
function table(name: string, price: Record<string, unknown>, rows: Row[]): void {
  describe(name, () => {
    it.each(rows)('%j', (usage, lines, amount) => {
      const { lines: billed, amount: total } = bill(price, usage);
      expect(billed).toEqual(lines);
      expect(total).toBe(amount);
    });
  });
}

table('flat: an amount per period, whatever is used', { model: 'flat', amount: '5.00' }, [
  [[], ['flat = 5.00'], '5.00'],
  [['1000'], ['flat = 5.00'], '5.00'],
]);

table(
  'per unit: a rate that is finer than a cent is rounded once',
  { model: 'per_unit', unit_amount: '0.000463' },
  [
    [[], [], '0.00'],
    [['220'], ['usage 220 × 0.000463 = 0.10'], '0.10'], // 0.10186
    [['100', '120'], ['usage 220 × 0.000463 = 0.10'], '0.10'],
    [['0.00000003'], ['usage 0.00000003 × 0.000463 = 0.00'], '0.00'],
  ],
);

table(
  'per unit: an amount per a quantity needs no rounded rate',
  { model: 'per_unit', amount: '1', per_quantity: '6' },
  [
    [['6'], ['usage 6 × 0.166666666666667 = 1.00'], '1.00'],
    [['1'], ['usage 1 × 0.166666666666667 = 0.17'], '0.17'],
    [
      ['600000000000000000000'],
      ['usage 600000000000000000000 × 0.166666666666667 = 100000000000000000000.00'],
      '100000000000000000000.00',
    ],
  ],
);

const GRADUATED = {
  model: 'graduated',
  tiers: [
    { up_to: '5', unit_amount: '0', flat_amount: '100' },
    { up_to: '10', unit_amount: '10' },
    { up_to: null, unit_amount: '8', flat_amount: '7' },
  ],
};
table('graduated: each slice at the price of its tier', GRADUATED, [
  [[], ['tier-1-flat = 100.00'], '100.00'], // rule 2: the first flat fee is due without use
  [['0'], ['tier-1-flat = 100.00'], '100.00'],
  [['5'], ['tier-1 5 × 0 = 0.00', 'tier-1-flat = 100.00'], '100.00'],
  [['5.5'], ['tier-1 5 × 0 = 0.00', 'tier-1-flat = 100.00', 'tier-2 0.5 × 10 = 5.00'], '105.00'],
  [['10'], ['tier-1 5 × 0 = 0.00', 'tier-1-flat = 100.00', 'tier-2 5 × 10 = 50.00'], '150.00'],
  [
    ['12'],
    [
      'tier-1 5 × 0 = 0.00',
      'tier-1-flat = 100.00',
      'tier-2 5 × 10 = 50.00',
      'tier-3 2 × 8 = 16.00',
      'tier-3-flat = 7.00',
    ],
    '173.00',
  ],
]);

const VOLUME = {
  model: 'volume',
  tiers: [
    { up_to: '100', unit_amount: '1' },
    { up_to: '200', unit_amount: '0.5' },
    { up_to: null, unit_amount: '0.1', flat_amount: '3' },
  ],
};
table('volume: the whole quantity at the price of the tier it lies in', VOLUME, [
  [[], [], '0.00'],
  [['100'], ['usage 100 × 1 = 100.00'], '100.00'],
  [['100.5'], ['usage 100.5 × 0.5 = 50.25'], '50.25'], // rule 1: no gap between 100 and 101
  [['200'], ['usage 200 × 0.5 = 100.00'], '100.00'],
  [['200.000000000000001'], ['usage 200.000000000000001 × 0.1 = 20.00', 'tier-flat = 3.00'], '23.00'],
]);

table(
  'volume: the flat fee of the first tier is due without use',
  {
    model: 'volume',
    tiers: [
      { up_to: '10', unit_amount: '1', flat_amount: '4' },
      { up_to: null, unit_amount: '1' },
    ],
  },
  [
    [[], ['tier-flat = 4.00'], '4.00'],
    [['11'], ['usage 11 × 1 = 11.00'], '11.00'],
  ],
);

table(
  'package: a bound that is met exactly opens no new package',
  { model: 'package', package_size: '100', amount: '5.00' },
  [
    [[], [], '0.00'],
    [['0.000000000000001'], ['packages 1 × 5 = 5.00'], '5.00'],
    [['100'], ['packages 1 × 5 = 5.00'], '5.00'],
    [['100.1'], ['packages 2 × 5 = 10.00'], '10.00'],
    [['60', '40'], ['packages 1 × 5 = 5.00'], '5.00'],
    [['201'], ['packages 3 × 5 = 15.00'], '15.00'],
  ],
);

table(
  'percentage: a rate and a fee per event',
  { model: 'percentage', rate: '0.012', fixed_amount: '0.30' },
  [
    [[], [], '0.00'],
    [[['1', '100']], ['percentage 100 × 0.012 = 1.20', 'fixed 1 × 0.3 = 0.30'], '1.50'],
    [
      [
        ['1', '100'],
        ['7', '50'],
      ],
      ['percentage 150 × 0.012 = 1.80', 'fixed 2 × 0.3 = 0.60'],
      '2.40',
    ],
    [['100'], ['percentage 100 × 0.012 = 1.20', 'fixed 1 × 0.3 = 0.30'], '1.50'], // a meter that sums money
    [[['1', '0']], ['fixed 1 × 0.3 = 0.30'], '0.30'],
  ],
);

const FREE = { model: 'percentage', rate: '0.01', fixed_amount: '1', free_events: 3, free_amount: '500' };
table('percentage: the free part ends with whichever is exhausted first', FREE, [
  [
    [
      ['1', '100'],
      ['1', '100'],
      ['1', '100'],
    ],
    [],
    '0.00',
  ],
  // Three events are free although 200 of the free amount are left.
  [
    [
      ['1', '100'],
      ['1', '100'],
      ['1', '100'],
      ['1', '100'],
    ],
    ['percentage 100 × 0.01 = 1.00', 'fixed 1 × 1 = 1.00'],
    '2.00',
  ],
  // The second event exhausts the amount and pays for the rest of it; the third is not free any more.
  [
    [
      ['1', '400'],
      ['1', '300'],
      ['1', '50'],
    ],
    ['percentage 250 × 0.01 = 2.50', 'fixed 2 × 1 = 2.00'],
    '4.50',
  ],
  // An event that meets the free amount exactly is wholly free.
  [
    [
      ['1', '500'],
      ['1', '10'],
    ],
    ['percentage 10 × 0.01 = 0.10', 'fixed 1 × 1 = 1.00'],
    '1.10',
  ],
]);

table('percentage: free events alone', { model: 'percentage', rate: '0.01', free_events: 1 }, [
  [
    [
      ['1', '900'],
      ['1', '100'],
    ],
    ['percentage 100 × 0.01 = 1.00'],
    '1.00',
  ],
]);
table('percentage: a free amount alone', { model: 'percentage', rate: '0.01', free_amount: '100' }, [
  [
    [
      ['1', '50'],
      ['1', '50'],
      ['1', '50'],
    ],
    ['percentage 50 × 0.01 = 0.50'],
    '0.50',
  ],
]);

table(
  'percentage: every event between its minimum and its maximum',
  {
    model: 'percentage',
    rate: '0.01',
    fixed_amount: '0.5',
    per_event_minimum: '1',
    per_event_maximum: '12',
  },
  [
    [[['1', '10']], ['percentage 10 = 1.00'], '1.00'], // 0.60 is raised
    [[['1', '100']], ['percentage 100 = 1.50'], '1.50'],
    [[['1', '5000']], ['percentage 5000 = 12.00'], '12.00'], // 50.50 is capped
    [
      [
        ['1', '10'],
        ['1', '100'],
        ['1', '5000'],
      ],
      ['percentage 5110 = 14.50'],
      '14.50',
    ],
  ],
);

table(
  'graduated percentage: a rate by tier of the summed amount',
  {
    model: 'graduated_percentage',
    tiers: [
      { up_to: '1000', rate: '0.02', flat_amount: '1' },
      { up_to: null, rate: '0.01', flat_amount: '5' },
    ],
  },
  [
    [[], ['tier-1-flat = 1.00'], '1.00'],
    [
      [
        ['1', '600'],
        ['1', '400'],
      ],
      ['tier-1 1000 × 0.02 = 20.00', 'tier-1-flat = 1.00'],
      '21.00',
    ],
    [
      [['1', '1500']],
      ['tier-1 1000 × 0.02 = 20.00', 'tier-1-flat = 1.00', 'tier-2 500 × 0.01 = 5.00', 'tier-2-flat = 5.00'],
      '31.00',
    ],
  ],
);

table('dynamic: each event says what it costs', { model: 'dynamic' }, [
  [[], [], '0.00'],
  [
    [
      ['1', '0.333'],
      ['2', '0.333'],
      ['1', '0.339'],
    ],
    ['events 4 = 1.01'],
    '1.01',
  ], // 1.005, rounded once
]);

table(
  'matrix: a price per value, the rest at the default',
  {
    model: 'matrix',
    dimensions: ['region'],
    cells: [
      { region: 'eu', unit_amount: '1.2' },
      { region: 'us', unit_amount: '1.1' },
    ],
    default_unit_amount: '1',
  },
  [
    [
      [
        { quantity: '10', region: 'us' },
        { quantity: '5', region: 'eu' },
      ],
      ['cell ["eu"] 5 × 1.2 = 6.00', 'cell ["us"] 10 × 1.1 = 11.00'],
      '17.00',
    ],
    [[{ quantity: '3', region: 'mars' }, '4'], ['default 7 × 1 = 7.00'], '7.00'],
    [[{ quantity: '1', region: 'eu', zone: 'a' }], ['cell ["eu"] 1 × 1.2 = 1.20'], '1.20'],
  ],
);

table(
  'matrix: two dimensions',
  {
    model: 'matrix',
    dimensions: ['region', 'size'],
    cells: [
      { region: 'eu', size: 'l', unit_amount: '4' },
      { region: 'eu', size: 's', unit_amount: '1' },
    ],
    default_unit_amount: '2',
  },
  [
    [
      [
        { quantity: '1', region: 'eu', size: 'l' },
        { quantity: '2', region: 'eu', size: 's' },
        { quantity: '3', region: 'eu' },
      ],
      ['cell ["eu","l"] 1 × 4 = 4.00', 'cell ["eu","s"] 2 × 1 = 2.00', 'default 3 × 2 = 6.00'],
      '12.00',
    ],
  ],
);
