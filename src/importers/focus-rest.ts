import { DomainError } from '../core/errors';
import type { UsageEvent } from '../core/event';
import type { FocusUsage } from '../core/focus';
import type { FocusPrice } from '../core/focus-price';
import { formatQuantity } from '../core/quantity';
import { skuToJson } from '../core/sku';
import type { FocusTarget } from './focus-target';
import { RestDoor } from './rest-door';
import type { RowVerdict } from './row-verdict';

const PUTS_AT_ONCE = 8;

/** Hands rows to the REST doors of a running service. */
export class RestTarget implements FocusTarget {
  readonly #door: RestDoor;

  constructor(base: string, apiKey: string) {
    this.#door = new RestDoor(base, apiKey);
  }

  async prepare(prices: readonly FocusPrice[]): Promise<ReadonlyMap<string, string>> {
    const obstacles = new Map<string, string>();
    const waiting = [...prices];
    const worker = async (): Promise<void> => {
      for (let price = waiting.pop(); price !== undefined; price = waiting.pop()) {
        const obstacle = await this.#prepareOne(price);
        if (obstacle !== null) obstacles.set(price.meter, obstacle);
      }
    };
    await Promise.all(Array.from({ length: PUTS_AT_ONCE }, worker));
    return obstacles;
  }

  async #prepareOne({ meter, name, unit, currency, unitAmount, sku }: FocusPrice): Promise<string | null> {
    const price = { model: 'per_unit', unit_amount: formatQuantity(unitAmount) };
    const path = `/api/v1/meters/${meter}`;
    try {
      await this.#door.send('PUT', path, { body: { name, unit, aggregation: 'sum' } });
      await this.#door.send('PUT', `${path}/list-price`, { body: { currency, price, sku: skuToJson(sku) } });
      return null;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'failed-precondition') return error.message;
      throw error;
    }
  }

  record(rows: readonly FocusUsage[]): Promise<readonly RowVerdict[]> {
    return this.#door.record(rows.map(eventOf));
  }
}

function eventOf({ price, ...usage }: FocusUsage): UsageEvent {
  const { account, source, id, occurredAt, quantity, resource, properties } = usage;
  return { account, source, id, type: price.meter, occurredAt, quantity, resource, properties };
}
