import fc from 'fast-check';
import { type Reading, readings } from '../../src/core/event';
import { weightOf } from '../../src/core/meter';
import {
  formatQuantity,
  multiplyQuantities,
  ONE,
  parseQuantity,
  QUANTITY_MAX,
  quantity,
  type Quantity,
} from '../../src/core/quantity';
import { meter } from './any-meter';

const POOL = meter({
  key: 'credits',
  eventTypes: ['image.made', 'text.made', 'page.read', 'page.seen'],
  weights: { 'image.made': '5', 'text.made': '0.5', 'page.seen': '0' },
});

const adds = (reading: Reading | undefined): Quantity => {
  if (reading?.kind !== 'add') throw new Error('adds nothing');
  return reading.value;
};

/** What an event adds to a pool in which its type has this weight; null = none. */
const counted = (value: Quantity, weight: Quantity | null): Quantity => {
  const weights: Record<string, string> = weight === null ? {} : { used: formatQuantity(weight) };
  const said = { type: 'used', quantity: value, resource: null, properties: null };
  return adds(readings(said, [meter({ weights })])[0]);
};

describe('a pool', () => {
  const added = (
    type: string,
    value: string | null = null,
    properties: Record<string, string> | null = null,
  ) => {
    const said = { type, quantity: value === null ? null : parseQuantity(value), resource: null, properties };
    return formatQuantity(adds(readings(said, [POOL])[0]));
  };

  it.each<[string, string | null, string]>([
    ['image.made', null, '5'],
    ['image.made', '3', '15'],
    ['text.made', '3', '1.5'],
    ['text.made', '0.000000000000001', '0.000000000000001'],
    ['text.made', '0.000000000000003', '0.000000000000002'],
    ['text.made', '0', '0'],
    ['page.read', '3', '3'],
    ['page.seen', '3', '0'],
  ])(
    'is drawn on by %s of %s with %s: the value times the weight, halves away from zero',
    (type, value, sum) => {
      expect(added(type, value)).toBe(sum);
    },
  );

  it('weighs what a property says, too', () => {
    const sized = { ...POOL, valueProperty: 'size' };
    const said = { type: 'image.made', quantity: ONE, resource: null, properties: { size: '0.1' } };
    expect(adds(readings(said, [sized])[0])).toBe(parseQuantity('0.5'));
  });

  it('weighs by nothing but its own map', () => {
    const types = ['constructor', 'toString', '__proto__'];
    expect(types.map((type) => weightOf(POOL, type))).toEqual([ONE, ONE, ONE]);
    const own = { weights: JSON.parse('{"__proto__":"2"}') as Record<string, string> };
    expect(weightOf(own, '__proto__')).toBe(2n * ONE);
  });

  it('takes no more of one event than any meter does', () => {
    const most = quantity(QUANTITY_MAX / 5n);
    expect(added('image.made', formatQuantity(most))).toBe(formatQuantity(QUANTITY_MAX));
    expect(() => added('image.made', formatQuantity(quantity(most + 1n)))).toThrow(
      'quantity: times its weight 5 must be at most 1000000000000000',
    );
    expect(() => added('page.seen', formatQuantity(quantity(QUANTITY_MAX + 1n)))).toThrow(
      'quantity: must be at most',
    );
    expect(() => added('image.made', '-1')).toThrow('quantity: must not be negative');
  });
});

describe('laws of weights', () => {
  /** Values and weights of few places, whose products come out even at 15. */
  const even = (places: number) =>
    fc.bigInt({ min: 0n, max: 10n ** 10n }).map((units) => quantity(units * 10n ** BigInt(15 - places)));
  const anyValue = fc.bigInt({ min: 0n, max: 10n ** 24n }).map(quantity);
  const anyWeight = fc.bigInt({ min: 0n, max: 10n ** 20n }).map(quantity);
  const sum = (...parts: bigint[]): Quantity => quantity(parts.reduce((a, b) => a + b, 0n));

  it('linear in the weight, exactly where nothing is rounded and within a grain where something is', () => {
    fc.assert(
      fc.property(even(8), even(7), even(7), (value, one, other) => {
        expect(counted(value, sum(one, other))).toBe(sum(counted(value, one), counted(value, other)));
      }),
    );
    fc.assert(
      fc.property(anyValue, anyWeight, anyWeight, (value, one, other) => {
        const apart = counted(value, one) + counted(value, other);
        const off = counted(value, sum(one, other)) - apart;
        expect(off >= -1n && off <= 1n).toBe(true);
      }),
    );
  });

  it('a whole weight is the same event so many times', () => {
    fc.assert(
      fc.property(anyValue, fc.integer({ min: 0, max: 50 }), (value, times) => {
        const repeated = Array.from({ length: times }, () => counted(value, null));
        expect(counted(value, quantity(BigInt(times) * ONE))).toBe(sum(...repeated));
      }),
    );
  });

  it('one is no weight', () => {
    fc.assert(fc.property(anyValue, (value) => expect(counted(value, ONE)).toBe(counted(value, null))));
  });

  it('nearest to the exact product: never more than half a grain off', () => {
    fc.assert(
      fc.property(anyValue, anyWeight, (value, weight) => {
        const off = multiplyQuantities(value, weight) * ONE - value * weight;
        expect(2n * (off < 0n ? -off : off) <= ONE).toBe(true);
        expect(multiplyQuantities(quantity(-value), weight)).toBe(-multiplyQuantities(value, weight));
      }),
    );
  });
});
