import { type Aggregation, AGGREGATIONS, isAdditive, isGauge } from '../../src/core/meter';

/** Whether it holds levels, and whether a day is the sum of its hours. */
const TABLE: Readonly<Record<Aggregation, readonly [gauge: boolean, additive: boolean]>> = {
  sum: [false, true],
  count: [false, true],
  max: [false, false],
  min: [false, false],
  latest: [false, false],
  unique: [false, false],
  average: [false, false],
  gauge_integral: [true, true],
  gauge_peak: [true, false],
};

describe('an aggregation', () => {
  it.each(Object.entries(TABLE))('%s: holds levels and adds up: %j', (name, expected) => {
    const aggregation = name as Aggregation;
    expect([isGauge(aggregation), isAdditive(aggregation)]).toEqual(expected);
  });

  it('is one of the nine, each named once', () => {
    expect([...AGGREGATIONS].sort()).toEqual(Object.keys(TABLE).sort());
  });
});
