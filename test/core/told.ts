import { type Properties, type Reading, readings } from '../../src/core/event';
import type { Meter } from '../../src/core/meter';
import { formatQuantity, parseQuantity } from '../../src/core/quantity';
import { meter } from './any-meter';

/** What an event says, the quantity as a decimal. */
export interface Said {
  readonly quantity?: string | null;
  readonly resource?: string | null;
  readonly properties?: Properties | null;
}

/** An event as a meter sees it. */
export const event = ({ quantity = null, resource = null, properties = null }: Said) => ({
  type: 'used',
  quantity: quantity === null ? null : parseQuantity(quantity),
  resource,
  properties,
});

/** What one meter learns, in a word: `add 5`, `value ann`, `level 5 of disk-1`, and its dimensions when it has any. */
export function told(said: Said, overrides: Partial<Meter>): string[] {
  return readings(event(said), [meter(overrides)]).map(inWords);
}

function inWords(reading: Reading): string {
  const dims = reading.dims === '' ? '' : ` at ${reading.dims}`;
  if (reading.kind === 'value') return `value ${reading.value}${dims}`;
  const of = reading.kind === 'level' ? ` of ${reading.resource}` : '';
  return `${reading.kind} ${formatQuantity(reading.value)}${of}${dims}`;
}
