import type { Reading } from '../../src/core/event';
import type { Meter } from '../../src/core/meter';
import { addReadings, emptyUsage, unitsOf, usageByMonth } from '../../src/core/project-usage';
import { ONE, quantity } from '../../src/core/quantity';
import { ratio } from '../../src/core/ratio';
import { ratioText } from '../../src/core/ratio-text';
import { meter } from './any-meter';

const made = (key: string, aggregation: Meter['aggregation'], divideBy = 1n): Meter =>
  meter({ key, aggregation, eventTypes: [key], divideBy: ratio(divideBy) });
const COMPUTE = made('compute', 'gauge_integral', 3_600_000n);
const BUILDS = made('builds', 'sum', 60n);
const DOMAINS = made('domains', 'gauge_peak');

const level = (of: Meter, value: bigint, resource = 'r'): Reading => {
  return { kind: 'level', meter: of, dims: '', resource, value: quantity(value * ONE) };
};
const amount = (value: bigint): Reading => {
  return { kind: 'add', meter: BUILDS, dims: '', value: quantity(value * ONE) };
};

/** `month meter quantity` of every month in which anything counted. */
function months(told: readonly (readonly [at: string, reading: Reading])[], until: string): string[] {
  const usage = emptyUsage();
  for (const [at, reading] of told) addReadings(usage, Date.parse(at), [reading]);
  return usageByMonth(usage, Date.parse(until)).map((each) =>
    [new Date(each.from).toISOString().slice(0, 7), each.meter, ratioText(unitsOf(each))].join(' '),
  );
}

describe('usage by month', () => {
  it('cuts a level at the months it held in, and at the end', () => {
    const told = [['2026-01-31T23:00:00Z', level(COMPUTE, 2n)]] as const;
    expect(months(told, '2026-03-01T01:00:00Z')).toEqual([
      '2026-01 compute 2',
      '2026-02 compute 1344',
      '2026-03 compute 2',
    ]);
  });

  it('W-22: half a gigabyte all of January is 372 GB-hours', () => {
    const half = { ...level(COMPUTE, 1n), value: quantity(ONE / 2n) } as Reading;
    expect(months([['2026-01-01T00:00:00Z', half]], '2026-02-01T00:00:00Z')).toEqual(['2026-01 compute 372']);
  });

  it('of several changes at one instant the last one holds', () => {
    const at = '2026-01-01T00:00:00Z';
    const told = [
      [at, level(COMPUTE, 9n)],
      [at, level(COMPUTE, 1n)],
      ['2026-01-01T02:00:00Z', level(COMPUTE, 0n)],
    ] as const;
    expect(months(told, '2026-02-01T00:00:00Z')).toEqual(['2026-01 compute 2']);
  });

  it('adds amounts up in the month they happened in', () => {
    const told = [
      ['2026-01-31T23:59:59.999Z', amount(60n)],
      ['2026-02-01T00:00:00Z', amount(30n)],
      ['2026-02-02T00:00:00Z', amount(90n)],
    ] as const;
    expect(months(told, '2026-03-01T00:00:00Z')).toEqual(['2026-01 builds 1', '2026-02 builds 2']);
  });

  it('tells domains as they stand at the end of each month, never below zero', () => {
    const told = [
      ['2026-01-10T00:00:00Z', level(DOMAINS, 0n, 'never added')],
      ['2026-01-10T00:00:00Z', level(DOMAINS, 1n, 'a')],
      ['2026-01-11T00:00:00Z', level(DOMAINS, 1n, 'b')],
      ['2026-03-11T00:00:00Z', level(DOMAINS, 0n, 'a')],
    ] as const;
    expect(months(told, '2026-03-20T00:00:00Z')).toEqual([
      '2026-01 domains 2',
      '2026-02 domains 2',
      '2026-03 domains 1',
    ]);
  });

  it('is nothing without events', () => expect(months([], '2026-03-01T00:00:00Z')).toEqual([]));
});
