import { DomainError } from '../../src/core/errors';
import { parsePrice, PRICE_MODELS, priceToJson } from '../../src/core/price-shape';

function problems(json: unknown): string[] {
  try {
    parsePrice(json);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error.code).toBe('invalid-argument');
    return error.fields.map(({ field, reason }) => `${field}: ${reason}`);
  }
  return [];
}

const NOT_A_DECIMAL = 'must be a plain decimal with at most 23 digits before and 15 after the point';

describe('the wire shape of a price', () => {
  const examples = [
    { model: 'flat', amount: '5' },
    { model: 'flat', amount: '5', billed: 'in_advance', prorated: false },
    { model: 'per_unit', unit_amount: '0.000463' },
    { model: 'per_unit', amount: '1', per_quantity: '6' },
    {
      model: 'graduated',
      tiers: [
        { up_to: '5', unit_amount: '0', flat_amount: '100' },
        { up_to: null, unit_amount: '1' },
      ],
    },
    {
      model: 'volume',
      tiers: [
        { up_to: '100', unit_amount: '0.1' },
        { up_to: null, unit_amount: '0.05' },
      ],
    },
    { model: 'package', package_size: '100', amount: '5' },
    {
      model: 'percentage',
      rate: '0.012',
      fixed_amount: '0.3',
      free_events: 3,
      free_amount: '500',
      per_event_minimum: '0.1',
      per_event_maximum: '12',
    },
    {
      model: 'graduated_percentage',
      tiers: [
        { up_to: '1000', rate: '0.02', flat_amount: '1' },
        { up_to: null, rate: '0.01' },
      ],
    },
    { model: 'dynamic' },
    {
      model: 'matrix',
      dimensions: ['region'],
      cells: [{ region: 'eu', unit_amount: '1.2' }],
      default_unit_amount: '1',
    },
    {
      model: 'dynamic',
      included_quantity: '10',
      unit_conversion: { divide_by: '1073741824', round: 'up' },
      usage_discount: { percent: '10' },
      minimum_amount: '1',
      maximum_amount: '1',
    },
    { model: 'dynamic', usage_discount: { quantity: '5' }, unit_conversion: { divide_by: '60' } },
  ];

  it.each(examples)('is written as it was read: %j', (json) => {
    expect(priceToJson(parsePrice(json))).toEqual(json);
    expect(Object.keys(priceToJson(parsePrice(json)))[0]).toBe('model');
  });

  it('covers every model', () => {
    expect(new Set(examples.map(({ model }) => model))).toEqual(new Set(PRICE_MODELS));
  });

  it('leaves out what goes without saying', () => {
    const json = {
      model: 'percentage',
      rate: '0.50',
      fixed_amount: '0',
      free_events: null,
      free_amount: null,
      included_quantity: '0.0',
      unit_conversion: null,
      usage_discount: null,
      minimum_amount: null,
      maximum_amount: null,
    };
    expect(priceToJson(parsePrice(json))).toEqual({ model: 'percentage', rate: '0.5' });
    expect(priceToJson(parsePrice({ model: 'per_unit', amount: '2', per_quantity: '1' }))).toEqual({
      model: 'per_unit',
      unit_amount: '2',
    });
  });
});

describe('what is refused', () => {
  it.each([null, undefined, 5, 'flat', [], [{ model: 'flat' }]])('%j is no price', (json) => {
    expect(problems(json)).toEqual(['price: must be an object']);
  });

  it.each([{}, { model: 'free' }, { model: null }, { model: 'toString' }, { model: ['flat'] }])(
    '%j has no known model',
    (json) => {
      expect(problems(json)).toEqual([
        expect.stringMatching(/^price\.model: must be one of flat, per_unit, /),
      ]);
    },
  );

  it.each<[Record<string, unknown>, string[]]>([
    [{ model: 'flat' }, ['price.amount: is required']],
    [{ model: 'flat', amount: 5 }, ['price.amount: must be a decimal string, such as "0.10"']],
    [{ model: 'flat', amount: null }, ['price.amount: must be a decimal string, such as "0.10"']],
    [{ model: 'flat', amount: '1e3' }, [`price.amount: ${NOT_A_DECIMAL}`]],
    [{ model: 'flat', amount: '0.0000000000000001' }, [`price.amount: ${NOT_A_DECIMAL}`]],
    [{ model: 'flat', amount: '-1' }, ['price.amount: must be at least 0']],
    [{ model: 'flat', amount: '1', currency: 'USD' }, ['price.currency: is not a known field']],
    [
      { model: 'flat', amount: '1', billed: 'later' },
      ['price.billed: must be one of in_arrears, in_advance'],
    ],
    [{ model: 'flat', amount: '1', prorated: 'no' }, ['price.prorated: must be true or false']],
    [{ model: 'per_unit' }, ['price.amount: is required', 'price.per_quantity: is required']],
    [{ model: 'per_unit', amount: '1' }, ['price.per_quantity: is required']],
    [{ model: 'per_unit', amount: '1', per_quantity: '0' }, ['price.per_quantity: must be more than 0']],
    [
      { model: 'per_unit', unit_amount: '1', per_quantity: '2' },
      ['price.per_quantity: stands beside amount, not beside unit_amount'],
    ],
    [{ model: 'per_unit', unit_amount: '1', amount: '1' }, ['price.amount: is not a known field']],
    [{ model: 'package', amount: '1', package_size: '0' }, ['price.package_size: must be more than 0']],
    [
      { model: 'percentage', rate: '1', free_events: 1.5 },
      ['price.free_events: must be a whole number from 0 to 1000000000'],
    ],
    [
      { model: 'percentage', rate: '1', free_events: '3' },
      ['price.free_events: must be a whole number from 0 to 1000000000'],
    ],
    [
      { model: 'percentage', rate: '1', per_event_minimum: '2', per_event_maximum: '1' },
      ['price.per_event_minimum: must not be more than per_event_maximum'],
    ],
  ])('%j', (json, expected) => {
    expect(problems(json)).toEqual(expected);
  });

  it.each<[Record<string, unknown>, string[]]>([
    [{ included_quantity: '-1' }, ['price.included_quantity: must be at least 0']],
    [{ included_quantity: null }, ['price.included_quantity: must be a decimal string, such as "0.10"']],
    [{ unit_conversion: {} }, ['price.unit_conversion.divide_by: is required']],
    [{ unit_conversion: { divide_by: '0' } }, ['price.unit_conversion.divide_by: must be more than 0']],
    [
      { unit_conversion: { divide_by: '1', round: 'down' } },
      ['price.unit_conversion.round: must be one of up, none'],
    ],
    [{ usage_discount: {} }, ['price.usage_discount.quantity: is required']],
    [{ usage_discount: { percent: '101' } }, ['price.usage_discount.percent: must be at most 100']],
    [
      { usage_discount: { percent: '1', quantity: '1' } },
      ['price.usage_discount.quantity: is not a known field'],
    ],
    [
      { minimum_amount: '2', maximum_amount: '1.99' },
      ['price.minimum_amount: must not be more than maximum_amount'],
    ],
  ])('beside any model %j', (terms, expected) => {
    expect(problems({ model: 'dynamic', ...terms })).toEqual(expected);
  });
});

describe('tiers', () => {
  const bounds = (...upTo: (string | null)[]) =>
    problems({ model: 'volume', tiers: upTo.map((up_to) => ({ up_to, unit_amount: '1' })) });

  it('are contiguous, ascending and open at the end', () => {
    expect(bounds(null)).toEqual([]);
    expect(bounds('100', '100.000000000000001', null)).toEqual([]);
    expect(bounds('100')).toEqual(['price.tiers[0].up_to: must be null: the last tier is open']);
    expect(bounds('100', '100', null)).toEqual([
      'price.tiers[1].up_to: must be more than the bound before, 100',
    ]);
    expect(bounds('200', '100', null)).toEqual([
      'price.tiers[1].up_to: must be more than the bound before, 200',
    ]);
    expect(bounds(null, null)).toEqual(['price.tiers[0].up_to: must be a bound']);
    expect(bounds('0', null)).toEqual(['price.tiers[0].up_to: must be more than 0']);
  });

  it('are a list of tiers', () => {
    expect(problems({ model: 'volume' })).toEqual(['price.tiers: is required']);
    expect(problems({ model: 'volume', tiers: [] })).toEqual([
      'price.tiers: must be a list of 1 to 1000 items',
    ]);
    expect(problems({ model: 'volume', tiers: { 0: {} } })).toEqual([
      'price.tiers: must be a list of 1 to 1000 items',
    ]);
    expect(problems({ model: 'volume', tiers: [{}] })).toEqual([
      'price.tiers[0].up_to: is required',
      'price.tiers[0].unit_amount: is required',
    ]);
    expect(problems({ model: 'volume', tiers: [{ up_to: null, rate: '1' }] })).toEqual([
      'price.tiers[0].rate: is not a known field',
      'price.tiers[0].unit_amount: is required',
    ]);
  });
});

describe('a matrix', () => {
  const matrix = (dimensions: unknown, cells: unknown) =>
    problems({ model: 'matrix', dimensions, cells, default_unit_amount: '1' });

  it('names the values of each dimension once per cell', () => {
    expect(matrix(['a', 'b'], [{ a: '1', b: '2', unit_amount: '1' }])).toEqual([]);
    expect(matrix(['a', 'b'], [{ a: '1', unit_amount: '1' }])).toEqual(['price.cells[0].b: is required']);
    expect(matrix(['a'], [{ a: '1', c: '2', unit_amount: '1' }])).toEqual([
      'price.cells[0].c: is not one of the dimensions',
    ]);
    expect(matrix(['a'], [{ a: 1, unit_amount: '1' }])).toEqual([
      'price.cells[0].a: must be a text of 1 to 200 characters',
    ]);
    expect(matrix(['a'], [{ a: '1' }])).toEqual([
      'price.cells[0].unit_amount: must be a decimal string, such as "0.10"',
    ]);
    expect(matrix(['a'], ['x'])).toEqual(['price.cells[0]: must be an object']);
    const twice = { a: '1', unit_amount: '1' };
    expect(matrix(['a'], [twice, { ...twice, unit_amount: '2' }])).toEqual([
      'price.cells[1]: repeats the values of a cell before',
    ]);
  });

  it('has one or two dimensions with names of their own', () => {
    expect(matrix([], [])).toEqual(['price.dimensions: must be a list of 1 to 2 items']);
    expect(matrix(['a', 'b', 'c'], [])).toEqual(['price.dimensions: must be a list of 1 to 2 items']);
    expect(matrix(['a', 'a'], [])).toEqual(['price.dimensions: must not name a dimension twice']);
    expect(matrix(['unit_amount'], [])).toEqual(['price.dimensions: must not be named unit_amount']);
  });

  it('keeps names that mean something to JavaScript', () => {
    const json: unknown = JSON.parse(
      '{"model":"matrix","dimensions":["__proto__"],"cells":[{"__proto__":"x","unit_amount":"2"}],"default_unit_amount":"1"}',
    );
    expect(JSON.stringify(priceToJson(parsePrice(json)).cells)).toBe('[{"__proto__":"x","unit_amount":"2"}]');
  });
});

describe('the answer', () => {
  it('lists every problem at once, below the field it was asked for', () => {
    const json = {
      model: 'graduated',
      tiers: [
        { up_to: '5', unit_amount: 1 },
        { up_to: '3', unit_amount: '1', extra: true },
      ],
      minimum_amount: '2',
      maximum_amount: '1',
      colour: 'red',
    };
    expect(() => parsePrice(json, 'prices[2]')).toThrow(/^prices\[2\]\./);
    expect(problems(json)).toEqual([
      'price.colour: is not a known field',
      'price.tiers[0].unit_amount: must be a decimal string, such as "0.10"',
      'price.tiers[1].extra: is not a known field',
      'price.tiers[1].up_to: must be null: the last tier is open',
      'price.minimum_amount: must not be more than maximum_amount',
    ]);
  });

  it('ends somewhere', () => {
    const cells = Array.from({ length: 5000 }, () => ({ a: 1, unit_amount: 'x' }));
    expect(problems({ model: 'matrix', dimensions: ['a'], cells, default_unit_amount: '1' })).toHaveLength(
      100,
    );
    const [only] = problems({ model: 'dynamic', ['x'.repeat(100_000)]: 1 });
    expect(only!.length).toBeLessThan(100);
  });
});
