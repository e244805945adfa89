import { DomainError } from '../../src/core/errors';
import { type PropertyValue, readings } from '../../src/core/event';
import { type Aggregation, AGGREGATIONS, type Meter } from '../../src/core/meter';
import { formatQuantity, LEVEL_MAX, QUANTITY_MAX, type Quantity } from '../../src/core/quantity';
import { meter } from './any-meter';
import { event, type Said, told } from './told';

describe('what an event tells a meter', () => {
  it.each<[Aggregation, string[]]>([
    ['sum', ['add 5']],
    ['count', ['add 1']],
    ['max', ['add 5']],
    ['min', ['add 5']],
    ['latest', ['add 5']],
    ['average', ['add 5']],
    ['unique', ['value disk-1']],
    ['gauge_integral', ['level 5 of disk-1']],
    ['gauge_peak', ['level 5 of disk-1']],
  ])('a %s meter reads five of disk-1 as %j', (aggregation, expected) => {
    expect(told({ quantity: '5', resource: 'disk-1' }, { aggregation })).toEqual(expected);
  });

  it.each<[Aggregation, string[]]>([
    ['sum', ['add 7']],
    ['count', ['add 1']],
    ['max', ['add 7']],
    ['min', ['add 7']],
    ['latest', ['add 7']],
    ['average', ['add 7']],
    ['unique', ['value 7']],
    ['gauge_integral', ['level 7 of disk-2']],
    ['gauge_peak', ['level 7 of disk-2']],
  ])('a %s meter with properties of its own looks only there: %j', (aggregation, expected) => {
    const said = { quantity: '5', resource: 'disk-1', properties: { size: 7, disk: 'disk-2' } };
    expect(told(said, { aggregation, valueProperty: 'size', resourceProperty: 'disk' })).toEqual(expected);
  });

  it.each<Aggregation>(['sum', 'count', 'max', 'min', 'latest', 'average'])(
    'an event without a quantity is one for a %s meter',
    (aggregation) => {
      expect(told({}, { aggregation })).toEqual(['add 1']);
    },
  );

  it('is zero when it says zero', () => {
    expect(told({ quantity: '0' }, { aggregation: 'sum' })).toEqual(['add 0']);
    expect(told({ quantity: '0', resource: 'disk-1' }, { aggregation: 'gauge_peak' })).toEqual([
      'level 0 of disk-1',
    ]);
  });

  it('is one reading for each meter, in the order of the meters', () => {
    const said = event({ quantity: '5', resource: 'disk-1' });
    const meters = AGGREGATIONS.map((aggregation, i) => meter({ id: i + 1, aggregation }));
    expect(readings(said, meters).map((reading) => reading.meter.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(readings(said, [])).toEqual([]);
  });
});

describe('the value of a reading', () => {
  it.each<[PropertyValue, string]>([
    [1.005, '1.005'],
    [0.1, '0.1'],
    [1e-7, '0.0000001'],
    [5e-16, '0.000000000000001'],
    [1e15, '1000000000000000'],
    [-0, '0'],
    ['1.005', '1.005'],
    ['007', '7'],
    ['0.000000000000001', '0.000000000000001'],
  ])('of %p is %s: numbers count as their shortest decimal', (size, expected) => {
    expect(told({ properties: { size } }, { valueProperty: 'size' })).toEqual([`add ${expected}`]);
  });

  it.each<[string, Said, Partial<Meter>, string]>([
    ['no property', { properties: {} }, { valueProperty: 'size' }, 'properties.size: must be a number'],
    ['no properties', {}, { valueProperty: 'size' }, 'properties.size: must be a number'],
    ['null', { properties: { size: null } }, { valueProperty: 'size' }, 'properties.size: must be a number'],
    ['true', { properties: { size: true } }, { valueProperty: 'size' }, 'properties.size: must be a number'],
    ['a list', { properties: { size: [1] } }, { valueProperty: 'size' }, 'properties.size: must be a number'],
    ['prose', { properties: { size: 'big' } }, { valueProperty: 'size' }, 'properties.size: must be a plain'],
    [
      '16 places',
      { properties: { s: `0.${'0'.repeat(15)}1` } },
      { valueProperty: 's' },
      'properties.s: must be',
    ],
    ['no level', { resource: 'd' }, { aggregation: 'gauge_peak' }, 'quantity: missing, and meter api.calls'],
    [
      'no level',
      { resource: 'd' },
      { aggregation: 'gauge_integral' },
      'quantity: missing, and meter api.calls',
    ],
    [
      'a negative number',
      { properties: { size: -1 } },
      { valueProperty: 'size' },
      'properties.size: must not be',
    ],
    [
      'a negative decimal',
      { properties: { size: '-0.1' } },
      { valueProperty: 'size' },
      'properties.size: must not',
    ],
    ['a negative quantity', { quantity: '-1' }, {}, 'quantity: must not be negative'],
    [
      'a negative level',
      { quantity: '-1', resource: 'd' },
      { aggregation: 'gauge_peak' },
      'quantity: must not be negative',
    ],
  ])('%s is refused: %s', (_what, said, overrides, message) => {
    expect(() => told(said, overrides)).toThrow(DomainError);
    expect(() => told(said, overrides)).toThrow(new RegExp(`^${message.replaceAll('.', '\\.')}`));
  });

  it('names the property and the meter that cannot read it', () => {
    const reading = () => told({ properties: {} }, { key: 'storage', valueProperty: 'size' });
    expect(reading).toThrow(
      'properties.size: must be a number or a decimal string, because meter storage measures it',
    );
    expect(reading).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        fields: [expect.objectContaining({ field: 'properties.size' })],
      }),
    );
  });

  const amounts = AGGREGATIONS.filter((name) => ['sum', 'max', 'min', 'latest', 'average'].includes(name));
  const edges: [string, Aggregation, Quantity][] = [
    ...amounts.map((name): [string, Aggregation, Quantity] => ['10^15', name, QUANTITY_MAX]),
    ['10^9', 'gauge_integral', LEVEL_MAX],
    ['10^9', 'gauge_peak', LEVEL_MAX],
  ];

  it.each(edges)('may be %s for a %s meter and no grain more', (_words, aggregation, largest) => {
    const said = (value: bigint): Said => ({ quantity: formatQuantity(value), resource: 'd' });
    expect(told(said(largest), { aggregation })[0]).toContain(formatQuantity(largest));
    expect(() => told(said(largest + 1n), { aggregation })).toThrow(
      `quantity: must be at most ${formatQuantity(largest)}`,
    );
  });

  it('is not looked at by a count', () => {
    expect(told({ quantity: '99999999999999999999999' }, { aggregation: 'count' })).toEqual(['add 1']);
    expect(told({ properties: {} }, { aggregation: 'count', valueProperty: 'size' })).toEqual(['add 1']);
  });
});

describe('what a gauge and a unique meter need', () => {
  it.each<[string, Said, Partial<Meter>, string]>([
    ['no resource', { quantity: '1' }, {}, 'resource: missing, and meter api.calls needs it'],
    [
      'an empty resource',
      { quantity: '1', resource: '' },
      {},
      'resource: missing, and meter api.calls needs it',
    ],
    [
      'no property',
      { quantity: '1', resource: 'd', properties: {} },
      { resourceProperty: 'disk' },
      'properties.disk: missing, and meter api.calls needs it',
    ],
    ['257 characters', { quantity: '1', resource: 'd'.repeat(257) }, {}, 'resource: must have at most 256'],
    [
      'a NUL',
      { quantity: '1', properties: { disk: 'a\u0000b' } },
      { resourceProperty: 'disk' },
      'properties.disk: must not hold a NUL character',
    ],
  ])('a gauge refuses %s', (_what, said, overrides, message) => {
    const reading = () => told(said, { aggregation: 'gauge_peak', ...overrides });
    expect(reading).toThrow(message);
  });

  it('a level holds for a resource of 256 characters, and for a number', () => {
    const long = 'd'.repeat(256);
    expect(told({ quantity: '1', resource: long }, { aggregation: 'gauge_peak' })).toEqual([
      `level 1 of ${long}`,
    ]);
    const said = { quantity: '1', properties: { disk: 7 } };
    expect(told(said, { aggregation: 'gauge_peak', resourceProperty: 'disk' })).toEqual(['level 1 of 7']);
  });

  it.each<[string, Said, Partial<Meter>, string]>([
    ['the resource', { resource: 'ann' }, {}, 'ann'],
    ['a text', { properties: { user: 'ann' } }, { valueProperty: 'user' }, 'ann'],
    ['a number', { properties: { user: 1.5 } }, { valueProperty: 'user' }, '1.5'],
    ['a truth', { properties: { user: false } }, { valueProperty: 'user' }, 'false'],
    ['256 characters', { properties: { user: 'u'.repeat(256) } }, { valueProperty: 'user' }, 'u'.repeat(256)],
  ])('a unique meter counts %s', (_what, said, overrides, value) => {
    expect(told(said, { aggregation: 'unique', ...overrides })).toEqual([`value ${value}`]);
  });

  it.each<[string, Said, Partial<Meter>, string]>([
    ['no resource', {}, {}, 'resource: missing, and meter api.calls counts its values'],
    [
      'no property',
      { resource: 'd' },
      { valueProperty: 'user' },
      'properties.user: missing, and meter api.calls',
    ],
    [
      'an empty text',
      { properties: { user: '' } },
      { valueProperty: 'user' },
      'properties.user: missing, and',
    ],
    ['a list', { properties: { user: ['ann'] } }, { valueProperty: 'user' }, 'properties.user: missing, and'],
    [
      '257 characters',
      { properties: { user: 'u'.repeat(257) } },
      { valueProperty: 'user' },
      'properties.user: must have at most 256 characters for meter api.calls',
    ],
    [
      'a NUL',
      { properties: { user: 'a\u0000b' } },
      { valueProperty: 'user' },
      'properties.user: must not hold a NUL character',
    ],
  ])('a unique meter refuses %s', (_what, said, overrides, message) => {
    expect(() => told(said, { aggregation: 'unique', ...overrides })).toThrow(message);
  });
});
