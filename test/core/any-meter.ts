import type { Meter } from '../../src/core/meter';
import { ratio } from '../../src/core/ratio';

/** A meter that listens to `used`; what a test is about is said, the rest is plain. */
export function meter(overrides: Partial<Meter> = {}): Meter {
  return {
    id: 1,
    key: 'api.calls',
    name: 'API calls',
    description: '',
    unit: 'calls',
    aggregation: 'sum',
    eventTypes: ['used'],
    levels: {},
    weights: {},
    posting: 'period',
    valueProperty: null,
    resourceProperty: null,
    dimensions: [],
    filters: [],
    divideBy: ratio(1n),
    onUnavailable: 'closed',
    ...overrides,
  };
}
